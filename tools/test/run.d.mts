/** Types of `run.mjs`, for tools in TypeScript. */
export interface Ran {
  /** -1: could not start, or was ended. */
  readonly code: number;
  readonly output: string;
  readonly errors: string;
  readonly timedOut: boolean;
}

export interface RunOptions {
  readonly cwd: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Never rejects. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Ran>;
