/** `fray config`: every option with value, origin, unit and range, as `fray start` would see it. */

import type { OptionLine } from '../config.ts';
import { describeConfig } from '../config.ts';
import type { Command } from './command.ts';
import { EXIT } from './command.ts';
import { configArgs, readConfig } from './configuration.ts';
import { table } from './table.ts';

export const command: Command = {
  name: 'config',
  summary: 'Print every option with value, origin, unit and range',
  examples: ['fray config', 'FRAY_PORT=9000 fray config --bots 20 --json'],
  args: { ...configArgs(), json: { type: 'boolean', description: 'Print JSON.' } },
  async run(values, io) {
    const lines = describeConfig(readConfig(values, io));
    if (values['json'] === true) io.out(JSON.stringify(lines, null, 2));
    else io.out(table(['option', 'value', 'origin', 'unit', 'range', 'what'], lines.map(row)));
    return EXIT.done;
  },
};

function row(line: OptionLine): string[] {
  const value = Array.isArray(line.value) ? line.value.join(',') || '(none)' : String(line.value);
  return [line.name, value, line.origin, line.unit === '' ? '-' : line.unit, line.range, line.doc];
}
