/**
 * How many control frames (pings and pongs, RFC 6455 section 5.5) a peer may send. They are no datagrams, so no rate of a session
 * counts them. A number per pipe, counted up by frames and down by sweeps: no clock and no object per frame.
 */

export interface ControlCount {
  /** Control frames that no sweep has forgiven yet. */
  controls: number;
}

/** Counts a control frame; false: one too many. */
export function countControl(pipe: ControlCount): boolean {
  pipe.controls += 1;
  return pipe.controls <= CONTROL_FRAMES_MAX;
}

/** One sweep. It forgives at least one frame, which may have been the answer to our own ping. */
export function forgiveControls(pipe: ControlCount, sweepMs: number): void {
  const forgiven = Math.max(1, Math.floor((CONTROL_FRAMES_PER_SECOND * sweepMs) / 1000));
  pipe.controls = Math.max(0, pipe.controls - forgiven);
}

/** At once. Answers to our pings that a bad network held back for 20 s are some ten. */
const CONTROL_FRAMES_MAX = 64;
/** 1/s. Keep-alives of programs and proxies are one in some seconds. */
const CONTROL_FRAMES_PER_SECOND = 8;
