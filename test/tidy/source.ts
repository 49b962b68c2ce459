/** What tidy reads from a TypeScript file: from the syntax tree, so that comments and strings do not count. */
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

/** Paths inside the repository to the text of each file. */
export type Files = ReadonlyMap<string, string>;

/** The TypeScript files among them, each read once. */
export type Sources = ReadonlyMap<string, Source>;

export interface Problem {
  readonly file: string;
  readonly rule: string;
  readonly text: string;
}

export interface Import {
  readonly line: number;
  /** As written: `./ring.ts`, `fray/schema`, `node:fs`. */
  readonly specifier: string;
  /** Path inside the repository, for a relative import. */
  readonly target: string | undefined;
  readonly typeOnly: boolean;
}

export interface Source {
  readonly file: string;
  readonly imports: readonly Import[];
  /** Uses of something by name, `Date.now` or `setTimeout`, with the line of each. */
  readonly uses: readonly { readonly name: string; readonly line: number }[];
  readonly anyLines: readonly number[];
  readonly enumLines: readonly number[];
  readonly defaultExportLines: readonly number[];
}

export function readSources(files: Files): Sources {
  return new Map(
    [...files]
      .filter(([file]) => file.endsWith('.ts'))
      .map(([file, text]) => [file, readSource(file, text)]),
  );
}

function readSource(file: string, text: string): Source {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const imports: Import[] = [];
  const uses: { name: string; line: number }[] = [];
  const anyLines: number[] = [];
  const enumLines: number[] = [];
  const defaultExportLines: number[] = [];
  const lineOf = (node: ts.Node) =>
    tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
  const addImport = (node: ts.Node | undefined, typeOnly: boolean) => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return;
    const specifier = node.text;
    const target = specifier.startsWith('.')
      ? normalize(join(dirname(file), specifier))
      : undefined;
    imports.push({ line: lineOf(node), specifier, target, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      addImport(node.moduleSpecifier, node.importClause?.isTypeOnly === true);
    } else if (ts.isExportDeclaration(node)) addImport(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      addImport(node.argument.literal, true);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      addImport(node.arguments[0], false);
    } else if (node.kind === ts.SyntaxKind.AnyKeyword) anyLines.push(lineOf(node));
    else if (ts.isEnumDeclaration(node)) enumLines.push(lineOf(node));
    else if (ts.isExportSpecifier(node) && node.name.text === 'default') {
      defaultExportLines.push(lineOf(node));
    } else if (ts.isExportAssignment(node)) defaultExportLines.push(lineOf(node));
    else if (node.kind === ts.SyntaxKind.DefaultKeyword && !ts.isDefaultClause(node.parent)) {
      defaultExportLines.push(lineOf(node));
    } else if (ts.isPropertyAccessExpression(node)) {
      uses.push({ name: node.getText(tree), line: lineOf(node) });
    } else if (ts.isIdentifier(node) && isReference(node)) {
      uses.push({ name: node.text, line: lineOf(node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return { file, imports, uses, anyLines, enumLines, defaultExportLines };
}

/** A name that stands for a value here: not a property, a type or the name that is being declared. */
function isReference(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isTypeNode(parent) || ts.isTypeQueryNode(parent) || ts.isQualifiedName(parent))
    return false;
  const named = parent as { readonly name?: ts.Node };
  return named.name !== node || ts.isShorthandPropertyAssignment(parent);
}
