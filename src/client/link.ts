/** The short names of the link simulator's parameters, as in `--link "rtt=60,loss=5"`. */

/** All optional, 0 by default: ms for `rtt` and `jitter`, percent for `loss`, `reorder`, `duplicate` and `corrupt`. */
export interface LinkParams {
  readonly rtt?: number;
  readonly jitter?: number;
  readonly loss?: number;
  /** Mean number of datagrams lost in a row. */
  readonly burst?: number;
  readonly reorder?: number;
  readonly duplicate?: number;
  readonly corrupt?: number;
  /** kbit/s that pass each way; 0: all. */
  readonly rate?: number;
  readonly seed?: number;
}

/** The text that `parseLink` reads. */
export function linkText(params: LinkParams | string): string {
  if (typeof params === 'string') return params;
  return Object.entries(params)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
