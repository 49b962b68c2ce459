/** Asks TypeScript whether it takes a broken file, without a compiler run for each: one program, changed file by file. */
import { join } from 'node:path';
import ts from 'typescript';

export class TypeCheck {
  readonly #service: ts.LanguageService;
  /** Broken texts by path, and how often each was changed. */
  readonly #texts = new Map<string, string>();
  readonly #versions = new Map<string, number>();
  readonly #root: string;

  /** `root` holds a tsconfig.json. Reads all of its program at the first question: some seconds. */
  constructor(root: string) {
    this.#root = root;
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
    const parsed = ts.parseJsonConfigFileContent(config, ts.sys, root);
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => parsed.options,
      getScriptFileNames: () => parsed.fileNames,
      getScriptVersion: (path) => String(this.#versions.get(path) ?? 0),
      getScriptSnapshot: (path) => {
        const text = this.#texts.get(path) ?? ts.sys.readFile(path);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      readDirectory: ts.sys.readDirectory,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
    });
  }

  /** The first error that `text` makes in `file`; '' if it makes none. */
  errorOf(file: string, text: string): string {
    const path = join(this.#root, file);
    const before = this.#errors(path);
    this.#put(path, text);
    const found = this.#errors(path).find((error) => !before.includes(error));
    this.#put(path, undefined);
    return found ?? '';
  }

  #put(path: string, text: string | undefined): void {
    if (text === undefined) this.#texts.delete(path);
    else this.#texts.set(path, text);
    this.#versions.set(path, (this.#versions.get(path) ?? 0) + 1);
  }

  #errors(path: string): string[] {
    return [
      ...this.#service.getSyntacticDiagnostics(path),
      ...this.#service.getSemanticDiagnostics(path),
    ].map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
  }
}
