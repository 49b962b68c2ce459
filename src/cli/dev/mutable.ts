/**
 * Finds state that a game keeps beside its room: variables of a module. They are shared by all rooms of a thread, and no recovery,
 * move or replay of a room has them. Reads lines and no syntax tree: what it says is so, but it does not see all.
 */

/** A variable of a module that the module writes. */
export interface Mutable {
  readonly name: string;
  /** From 1. */
  readonly line: number;
}

export function mutableState(source: string): Mutable[] {
  const found: Mutable[] = [];
  for (const [index, text] of source.split('\n').entries()) {
    const [, kind = '', name = ''] = DECLARATION.exec(text) ?? [];
    if (name === '') continue;
    const rest = source.replace(text, '');
    const written = kind === 'const' ? changes(name, rest) : assigned(name, rest);
    if (written) found.push({ name, line: index + 1 });
  }
  return found;
}

function assigned(name: string, source: string): boolean {
  return (
    new RegExp(`(?<![.\\w$])${escaped(name)}\\s*(?:${OPERATOR}=(?!=)|\\+\\+|--)`).test(source) ||
    changes(name, source)
  );
}

/** What `name` holds is written: a member, or by a method that changes it. */
function changes(name: string, source: string): boolean {
  const start = `(?<![.\\w$])${escaped(name)}`;
  const member = '(?:\\??\\.[\\w$]+|\\[[^\\]]*\\])+';
  return (
    new RegExp(`${start}\\.(?:${METHODS})\\(`).test(source) ||
    new RegExp(`${start}${member}\\s*(?:${OPERATOR}=(?!=)|\\+\\+|--)`).test(source) ||
    new RegExp(`(?:\\+\\+|--|delete )${start}`).test(source)
  );
}

function escaped(name: string): string {
  return name.replaceAll('$', '\\$');
}

/** At the very beginning of a line: a formatted module has no others there. */
const DECLARATION = /^(?:export )?(let|var|const) ([\w$]+)/;
const OPERATOR = '(?:[-+*/%&|^]|\\*\\*|<<|>>>?|&&|\\|\\||\\?\\?)?';
const METHODS = 'set|add|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin';
