/** What `fray plan` prints, and docs/capacity.md holds: tables, and what was measured apart from what is not. Pure. */
import { TRANSPORTS } from '../loadtest/messages.ts';
import type { MeasuredRow, Plan, PlanWish } from './plan.ts';
import { planFor, rowFor, usableRows } from './plan.ts';

export const RATES: readonly number[] = [30, 60, 128];

export function plansFor(
  rows: readonly MeasuredRow[],
  wish: Omit<PlanWish, 'tickRateHz'>,
  rates: readonly number[],
): Plan[] {
  const usable = usableRows(rows);
  return TRANSPORTS.flatMap((transport) =>
    rates.flatMap((tickRateHz) => {
      const row = rowFor(usable, transport, tickRateHz);
      return row === null ? [] : [planFor(row, { ...wish, tickRateHz })];
    }),
  );
}

/** Markdown, which reads as well in a terminal. */
export function planText(plans: readonly Plan[], wish: Omit<PlanWish, 'tickRateHz'>): string {
  const { players, roomSize, hostCores, hostGb, hostGbps, spareShare } = wish;
  const priced = plans.some(({ perMonth }) => perMonth.hosts !== null || perMonth.egress !== null);
  const head = `${number(players)} players in ${number(Math.ceil(players / roomSize))} rooms of ${roomSize}, on hosts of ${hostCores} cores, ${hostGb} GB and ${hostGbps} Gbit/s, ${Math.round(100 * spareShare)} % of them spare:`;
  const measured = new Set(plans.flatMap((plan) => plan.measured));
  const extrapolated = new Set(plans.flatMap((plan) => plan.extrapolated));
  return [
    head,
    '',
    markdown(
      [
        'transport',
        'Hz',
        'us',
        'cores',
        'processes',
        'players per process',
        'memory GB',
        'in, out Gbit/s',
        'hosts, with spare',
        'by',
        ...(priced ? ['hosts, egress per month'] : []),
      ],
      plans.map((plan) => [
        plan.transport,
        String(plan.tickRateHz),
        plan.cpuUs.toFixed(1),
        number(Math.ceil(plan.cores)),
        number(plan.processes),
        number(plan.playersPerProcess),
        plan.memoryGb.toFixed(1),
        `${plan.inGbps.toFixed(1)}, ${plan.outGbps.toFixed(1)}`,
        `${plan.hosts}, ${plan.hostsWithSpare}`,
        plan.hostsBy,
        ...(priced ? [`${money(plan.perMonth.hosts)}, ${money(plan.perMonth.egress)}`] : []),
      ]),
    ),
    '',
    'Measured (`fray loadtest`):',
    '',
    ...[...measured].map((line) => `- ${line}`),
    '',
    'Extrapolated:',
    '',
    ...[...extrapolated].map((line) => `- ${line}`),
  ].join('\n');
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

function money(value: number | null): string {
  return value === null ? '-' : number(value);
}
