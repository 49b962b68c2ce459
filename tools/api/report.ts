/**
 * The public surface of the package as text: for each entry what it exports, as the declarations that are shipped say it, and behind that
 * what those name without exporting it. Without comments: a change of this text is a change of what authors can write.
 */
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

/** Entries with their sources, in the order of package.json. */
export interface Entry {
  /** As it is imported: `fray/schema`. */
  readonly name: string;
  /** Relative to the root. */
  readonly source: string;
}

/** A declaration in a declaration file. */
interface Named {
  readonly file: string;
  readonly name: string;
}

/** The declarations of one file: statements by name, and where names come from that it imports or passes on. */
interface Declared {
  readonly statements: ReadonlyMap<string, readonly ts.Statement[]>;
  readonly imported: ReadonlyMap<string, Named>;
  readonly passedOn: ReadonlyMap<string, Named>;
  /** Files all of whose exports are passed on. */
  readonly stars: readonly string[];
}

/** Reports by entry. Throws where the sources do not compile to declarations. Costs a compilation of all of them. */
export function apiReports(root: string, entries: readonly Entry[]): Map<string, string> {
  const files = declarationsOf(root, entries);
  const known = new Map<string, Declared>();
  const declared = (file: string): Declared | undefined => {
    const text = files.get(file);
    if (text !== undefined && !known.has(file)) known.set(file, read(file, text));
    return known.get(file);
  };
  const homes = new Map<string, string>();
  for (const { name, source } of [...entries].reverse())
    for (const [, at] of exportsOf(join(root, source), declared))
      homes.set(keyOf(follow(at, declared)), name);
  return new Map(
    entries.map((entry) => [
      entry.name,
      report({ name: entry.name, source: join(root, entry.source) }, declared, homes),
    ]),
  );
}

/** Declarations by the path of their source, internals stripped, as tools/build.mjs ships them. */
function declarationsOf(root: string, entries: readonly Entry[]): Map<string, string> {
  const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.types.json'), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
    },
  });
  if (!config) throw new Error('Cannot read tsconfig.types.json');
  const names = entries.map(({ source }) => join(root, source));
  const program = ts.createProgram(names, config.options);
  const files = new Map<string, string>();
  const { emitSkipped } = program.emit(undefined, (_path, text, _mark, _error, sources) => {
    for (const { fileName } of sources ?? []) files.set(resolve(fileName), text);
  });
  if (emitSkipped) throw new Error('Cannot make declarations: the sources do not compile');
  return files;
}

function read(file: string, text: string): Declared {
  const source = ts.createSourceFile(`${file}.d.ts`, text, ts.ScriptTarget.ES2022, true);
  const statements = new Map<string, ts.Statement[]>();
  const imported = new Map<string, Named>();
  const passedOn = new Map<string, Named>();
  const stars: string[] = [];
  const place = (specifier: ts.Expression): string =>
    resolve(dirname(file), (specifier as ts.StringLiteral).text);
  for (const statement of source.statements) {
    for (const name of namesOf(statement))
      statements.set(name, [...(statements.get(name) ?? []), statement]);
    if (ts.isImportDeclaration(statement)) {
      const bindings = statement.importClause?.namedBindings;
      if (!bindings || !ts.isNamedImports(bindings)) continue;
      for (const { name, propertyName } of bindings.elements)
        imported.set(name.text, {
          file: place(statement.moduleSpecifier),
          name: (propertyName ?? name).text,
        });
    } else if (ts.isExportDeclaration(statement)) {
      const { exportClause, moduleSpecifier } = statement;
      if (!exportClause && moduleSpecifier) stars.push(place(moduleSpecifier));
      if (!exportClause || !ts.isNamedExports(exportClause)) continue;
      for (const { name, propertyName } of exportClause.elements)
        passedOn.set(name.text, {
          file: moduleSpecifier ? place(moduleSpecifier) : file,
          name: (propertyName ?? name).text,
        });
    }
  }
  return { statements, imported, passedOn, stars };
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = statement as ts.Statement & { readonly name?: ts.Node };
  return name ? [name.getText()] : [];
}

/** `homes`: the first entry that exports a declaration. */
function report(
  { name, source }: Entry,
  declared: (file: string) => Declared | undefined,
  homes: ReadonlyMap<string, string>,
): string {
  const exported = exportsOf(source, declared);
  const elsewhere = new Set<string>();
  const shown = new Map<string, string>();
  const queue: Named[] = [];
  const print = ({ file, name: wanted }: Named): string => {
    const found = follow({ file, name: wanted }, declared);
    shown.set(keyOf(found), found.name);
    const statements = declared(found.file)?.statements.get(found.name) ?? [];
    for (const statement of statements) queue.push(...namedIn(statement, found.file, declared));
    return statements.map(printed).join('\n');
  };
  const publics = [...exported].sort(([a], [b]) => (a < b ? -1 : 1));
  const first = publics.map(([, at]) => print(at));
  const behind: string[] = [];
  for (let at = queue.shift(); at; at = queue.shift()) {
    const found = follow(at, declared);
    if (shown.has(keyOf(found))) continue;
    const home = homes.get(keyOf(found));
    if (home !== undefined) {
      elsewhere.add(`\`${found.name}\` of ${home}`);
      continue;
    }
    const text = print(found);
    if (text) behind.push(text);
  }
  behind.sort();
  const fence = (texts: readonly string[]): string => `\`\`\`ts\n${texts.join('\n\n')}\n\`\`\`\n`;
  const rest =
    behind.length === 0 ? '' : `\n## What these name without exporting it\n\n${fence(behind)}`;
  const head = `# ${name}\n\nMade by \`npm run build:api\`; ${publics.length} exports.\n\n`;
  const named =
    elsewhere.size === 0 ? '' : `\nNamed as well: ${[...elsewhere].sort().join(', ')}.\n`;
  return `${head}${fence(first)}${rest}${named}`;
}

function keyOf({ file, name }: Named): string {
  return `${file} ${name}`;
}

function exportsOf(
  file: string,
  declared: (file: string) => Declared | undefined,
): Map<string, Named> {
  const found = new Map<string, Named>();
  const of = declared(file);
  if (!of) return found;
  for (const star of of.stars)
    for (const [name, at] of exportsOf(star, declared)) found.set(name, at);
  for (const [name, statements] of of.statements)
    if (statements.some(isExported)) found.set(name, { file, name });
  for (const [name, at] of of.passedOn) found.set(name, at);
  return found;
}

function isExported(statement: ts.Statement): boolean {
  return (
    ((ts.getCombinedModifierFlags(statement as unknown as ts.Declaration) ?? 0) &
      ts.ModifierFlags.Export) !==
    0
  );
}

/** Where a name is declared, behind imports and files that pass it on. */
function follow(at: Named, declared: (file: string) => Declared | undefined): Named {
  const of = declared(at.file);
  if (!of || of.statements.has(at.name)) return at;
  const passed = of.passedOn.get(at.name);
  const isOwn = passed?.file === at.file && passed.name === at.name;
  const next = (isOwn ? undefined : passed) ?? of.imported.get(at.name);
  if (next) return follow(next, declared);
  for (const star of of.stars) {
    const found = exportsOf(star, declared).get(at.name);
    if (found) return follow(found, declared);
  }
  return at;
}

/** What a statement names of its own file or of what that imports. */
function namedIn(
  statement: ts.Statement,
  file: string,
  declared: (file: string) => Declared | undefined,
): Named[] {
  const of = declared(file);
  const found: Named[] = [];
  const visit = (node: ts.Node): void => {
    if (isForOurselves(node)) return;
    if (ts.isIdentifier(node)) {
      if (of?.imported.has(node.text)) found.push(of.imported.get(node.text) as Named);
      else if (of?.statements.has(node.text)) found.push({ file, name: node.text });
    }
    ts.forEachChild(node, visit);
  };
  visit(statement);
  return found;
}

/** A constructor that says "Use `connect`." is none that authors call, and `#private` says nothing to them. */
function isForOurselves(node: ts.Node): boolean {
  if (ts.isPropertyDeclaration(node)) return ts.isPrivateIdentifier(node.name);
  return ts.isConstructorDeclaration(node) && /\*\* Use `/.test(node.getFullText());
}

function printed(whole: ts.Statement): string {
  const printer = ts.createPrinter({ removeComments: true });
  const statement = ts.isClassDeclaration(whole) ? withoutOurs(whole) : whole;
  const text = printer.printNode(ts.EmitHint.Unspecified, statement, whole.getSourceFile());
  // Paths in `import("…")` say where the repository keeps things, not what authors see.
  return text.replace(/import\("[^"]+"\)\./g, '').replace(/^export (declare )?/, '');
}

function withoutOurs(whole: ts.ClassDeclaration): ts.ClassDeclaration {
  return ts.factory.updateClassDeclaration(
    whole,
    whole.modifiers,
    whole.name,
    whole.typeParameters,
    whole.heritageClauses,
    whole.members.filter((member) => !isForOurselves(member)),
  );
}

export function fileOf(name: string): string {
  return join('docs', 'api', `${relative('fray', name)}.md`);
}
