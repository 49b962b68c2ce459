/** The pictures of the report: uPlot in the page's colours. */
import uPlot from 'uplot';
import type { BenchChart, BenchRow } from '../../src/cli/bench-report.ts';

/** Draws a picture into `place`, in the place of what stood there. */
export function picture(place: HTMLElement, chart: BenchChart): void {
  const { kind, x, series } = chart;
  const isNamed = x.values.some((value) => typeof value === 'string');
  const at = x.values.map((value, index) => (typeof value === 'string' ? index : value));
  const bars = kind === 'bars';
  // Bars of one place stand side by side: each series is moved by its share of a step.
  const shares = series.length;
  draw(place, {
    height: 220,
    data: [at, ...series.map(({ values }) => [...values])],
    scales: {
      x: {
        time: false,
        ...(kind === 'points' && isSpread(at) ? { distr: 3 as const } : {}),
        ...(bars && { range: [-0.6, at.length - 0.4] as [number, number] }),
      },
      y: chart.y.log ? { distr: 3, log: 10 } : { range: fromZero },
    },
    axes: [
      {
        ...axis(x.label),
        ...(isNamed && {
          splits: () => at,
          values: (_plot: uPlot, splits: number[]) =>
            splits.map((index) => String(x.values[index] ?? '')),
        }),
        ...(kind === 'points' && { splits: () => at, values: plain }),
      },
      { ...axis(chart.y.label), size: 58, values: plain },
    ],
    series: series.map(({ label }, index) => ({
      label,
      stroke: COLOURS[index] ?? '--text',
      width: kind === 'points' ? 2 : 1,
      ...(kind === 'points' && { points: { show: true, size: 8 } as uPlot.Series.Points }),
      ...(bars && {
        paths: paths.bars({
          size: [0.8 / shares, 60],
          align: shares === 1 ? 0 : index === 0 ? -1 : 1,
        }),
        points: { show: false },
        filled: true,
      }),
      ...(kind === 'steps' && {
        paths: paths.stepped({ align: 1 }),
        points: { show: false },
        filled: true,
      }),
    })),
  });
}

/** All rounds of a row as points: ours, and the peer where there is one. */
export function roundsPicture(place: HTMLElement, row: BenchRow): void {
  const { rounds, peerName } = row;
  const hasPeer = rounds.some(({ peer }) => peer !== null);
  draw(place, {
    height: 150,
    data: [
      rounds.map((_, index) => index + 1),
      rounds.map(({ ours }) => ours),
      ...(hasPeer ? [rounds.map(({ peer }) => peer)] : []),
    ],
    scales: { x: { time: false, range: [0.5, rounds.length + 0.5] }, y: { range: fromZero } },
    axes: [
      { ...axis('round'), splits: () => rounds.map((_, index) => index + 1), values: plain },
      { ...axis(''), size: 58, values: plain },
    ],
    series: ['ours', ...(hasPeer ? [peerName ?? 'peer'] : [])].map((label, index) => ({
      label,
      stroke: COLOURS[index] ?? '--text',
      width: 0,
      paths: () => null,
      points: { show: true, size: 9 },
    })),
  });
}

interface Drawing {
  readonly height: number;
  readonly data: readonly (readonly (number | null)[])[];
  readonly scales: uPlot.Scales;
  readonly axes: uPlot.Axis[];
  readonly series: readonly (Omit<uPlot.Series, 'stroke'> & {
    readonly stroke: string;
    readonly filled?: boolean;
  })[];
}

function draw(place: HTMLElement, drawing: Drawing): void {
  place.replaceChildren();
  const colour = (name: string): string =>
    getComputedStyle(place).getPropertyValue(name).trim() || 'gray';
  const probe = document.createElement('i');
  place.append(probe);
  /** `light-dark()` as the one of both that is shown. */
  const shown = (name: string): string => {
    probe.style.color = colour(name);
    return getComputedStyle(probe).color;
  };
  const series = drawing.series.map(({ filled, stroke, ...rest }) => {
    const own = shown(stroke);
    return {
      ...rest,
      stroke: own,
      ...(filled && { fill: own.replace('rgb(', 'rgba(').replace(')', ', 0.55)') }),
      points: { fill: own, ...rest.points },
    };
  });
  const line = shown('--line');
  const text = shown('--text');
  const axes = drawing.axes.map((one) => ({
    ...one,
    stroke: text,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1 },
  }));
  probe.remove();
  new uPlot(
    {
      width: Math.max(200, place.clientWidth),
      height: drawing.height,
      scales: drawing.scales,
      axes,
      series: [{}, ...series],
      cursor: { show: false },
      legend: { live: false },
    },
    drawing.data as uPlot.AlignedData,
    place,
  );
}

function axis(label: string): uPlot.Axis {
  return {
    ...(label !== '' && { label, labelSize: 18, labelFont: '12px system-ui, sans-serif' }),
    font: '11px system-ui, sans-serif',
  };
}

function fromZero(_plot: uPlot, _least: number | null, most: number | null): [number, number] {
  return [0, (most ?? 1) * 1.08 || 1];
}

function isSpread(values: readonly number[]): boolean {
  const positive = values.filter((value) => value > 0);
  return positive.length === values.length && Math.max(...values) / Math.min(...values) > 8;
}

function plain(_plot: uPlot, splits: number[]): string[] {
  return splits.map((value) =>
    value === null
      ? ''
      : Math.abs(value) >= 1000
        ? `${Number((value / 1000).toPrecision(3))}k`
        : String(Number(value.toPrecision(3))),
  );
}

/** uPlot has them all; its types say that builds may lack some. */
const paths = uPlot.paths as Required<typeof uPlot.paths>;
const COLOURS = ['--ours', '--peer', '--third', '--fourth'];
