/** Runs the modules that it is given, one after another in one process, and says of each whether it held: pages.slow.test.ts. */
import { pathToFileURL } from 'node:url';

for (const path of process.argv.slice(2)) {
  try {
    await import(pathToFileURL(path).href);
    console.log(`held ${path}`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`failed ${path}\n${error instanceof Error ? error.stack : error}`);
  }
}
