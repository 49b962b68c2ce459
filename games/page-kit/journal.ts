/** Which journal the page is asked to play, and playing it: what `fray/watch` brings is loaded then, and not before. */
import type { ConnectSchema, Watchable } from 'fray/client';
import { element } from './element.ts';

type Source = URL | File;

/** `?journal=ADDRESS` and `&tick=N`, a file that is chosen in the lobby, or one that is dropped on the page. */
export function onJournal(open: (source: Source) => void): void {
  const chosen = element('journal') as HTMLInputElement;
  const take = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (file) open(file);
  };
  chosen.addEventListener('change', () => {
    take(chosen.files);
    chosen.value = '';
  });
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    take(event.dataTransfer?.files);
  });
  const named = new URLSearchParams(location.search).get('journal');
  if (named) open(new URL(named, location.href));
}

/** Rejects with a FrayError, whose code says why. */
export async function openJournal<S extends ConnectSchema>(
  source: Source,
  schema: S,
): Promise<Watchable<S>> {
  const { watch } = await import('fray/watch');
  const tick = Number(new URLSearchParams(location.search).get('tick') ?? Number.NaN);
  return watch(source, { schema, ...(tick >= 0 && source instanceof URL && { tick }) });
}

/** Why something did not work, with its code where it has one. */
export function reasonOf(error: unknown): string {
  const { message, code } = error as { readonly message?: string; readonly code?: unknown };
  return typeof code === 'string' ? `${message} (${code})` : (message ?? String(error));
}
