/** What the page reads of the API's answers (src/http/admin/schemas.ts has all of them). */
export interface ServerAnswer {
  readonly version: string;
  readonly game: string;
  readonly uptimeMs: number;
  readonly ready: boolean;
  readonly draining: boolean;
  readonly logLevel: string;
  readonly rooms: number;
  readonly players: number;
  readonly bots: number;
  readonly workers: readonly { readonly overloadLevel: number; readonly ticksSkipped: number }[];
}

export interface Room {
  readonly id: string;
  readonly worker: number;
  readonly people: number;
  readonly bots: number;
  readonly playersMax: number;
  readonly entities: number;
  readonly tick: number;
}

export interface Player {
  readonly session: number;
  readonly userId: string;
  readonly name: string;
  readonly address: string;
  readonly room: string;
  readonly state: string;
  readonly away: boolean;
  readonly transport: string;
}

export interface WorstTick {
  readonly room: string;
  readonly worker: number;
  readonly tick: number;
  readonly agoMs: number;
  readonly us: number;
  readonly stage: string;
  readonly stagesUs: Readonly<Record<string, number>>;
}

export interface TicksAnswer {
  readonly workers: readonly {
    readonly duration: {
      readonly boundsUs: readonly number[];
      readonly counts: readonly number[];
      readonly count: number;
      readonly p50Us: number;
      readonly p99Us: number;
    };
  }[];
  readonly worst: readonly WorstTick[];
}

export interface SessionsAnswer {
  readonly open: number;
  readonly away: number;
  readonly transports: readonly {
    readonly transport: string;
    readonly sessions: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
  }[];
}

export interface Drop {
  readonly reason: string;
  readonly count: number;
}

export interface Entity {
  readonly handle: number;
  readonly kind: string;
  readonly x: number;
  readonly y: number;
  readonly aim: number;
  readonly radius: number;
  readonly depth: number;
  readonly health: number;
  readonly team: number;
  readonly player: { readonly name: string; readonly bot: boolean; readonly alive: boolean } | null;
}

export interface InspectionAnswer {
  readonly tick: number;
  readonly entities: readonly Entity[];
  readonly walls: readonly (readonly [number, number, number, number])[];
}
