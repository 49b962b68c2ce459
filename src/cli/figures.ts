/** Figures of a report. */

export function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

/** The value that the part `q` (0..1) of the numbers does not exceed; 0 where there are none. */
export function quantileOf(numbers: readonly number[], q: number): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? 0;
}
