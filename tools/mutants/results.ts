/** `test/mutants/RESULTS.md`: what a whole run found. */
import type { Verdict } from './judge.ts';
import type { Patch } from './patches.ts';
import { STAGES } from './patches.ts';

export interface Judged {
  readonly patch: Patch;
  readonly verdict: Verdict;
}

export function markdown(judged: readonly Judged[], commit: string): string {
  const killed = judged.filter(({ verdict }) => verdict.kind === 'killed').length;
  const lines = [
    '# Breaks, and who sees them',
    '',
    `Written by \`npm run mutants\` at commit ${commit}: ${judged.length} breaks of one line, ${killed} killed.`,
    '`npm run mutants -- --only NAME` repeats one. The golden bytes of the core (`core-wasm/tests/vectors.rs`) do not',
    'judge: whoever breaks the code by mistake renews them as well.',
  ];
  for (const stage of STAGES) {
    const rows = judged.filter(({ patch }) => patch.stage === stage);
    if (rows.length === 0) continue;
    lines.push('', `## ${stage}`, '', '| break | what it breaks | seen by |', '|---|---|---|');
    for (const { patch, verdict } of rows)
      lines.push(`| ${patch.name} | ${cell(patch.breaks)} | ${cell(said(verdict))} |`);
  }
  return `${lines.join('\n')}\n`;
}

/** One line: what came of a break. */
export function said(verdict: Verdict): string {
  if (verdict.kind === 'refused') return `REFUSED: ${verdict.why}`;
  if (verdict.kind === 'survived') return 'SURVIVED';
  return `${verdict.by.file} > ${verdict.by.name}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
