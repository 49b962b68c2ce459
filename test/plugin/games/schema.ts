/** The author's example of the plan, word for word but for the names of the imports: what it can say must stay sayable. */
import {
  angle,
  axis2,
  bits,
  box,
  button,
  circle,
  defineSchema,
  player,
  text,
  tick,
  u8,
  u16,
} from 'fray/schema';

export const arena = defineSchema({
  name: 'arena',
  tickRateHz: 30,
  input: { move: axis2(), aim: angle(), fire: button(), dash: button() },
  room: { fields: { round: u8(), endsAt: tick() } },
  player: {
    shape: circle(0.5),
    fields: {
      kills: u16({ to: 'room' }),
      colour: bits(4),
      ammo: u8({ to: 'owner' }),
      streak: u8({ to: 'none' }),
    },
  },
  kinds: { crate: { shape: box(1, 1), touch: true, fields: { ammo: u8() } } },
  toServer: { chat: { text: text(120) } },
  toClient: { chat: { from: player(), text: text(120) } },
  timers: { respawn: { who: player() } },
});
