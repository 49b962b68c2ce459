/** The lobby of a page: a name, a button, and why the last game is over. */
import type { RoomRequest } from 'fray/client';
import { element } from './element.ts';

/** In the state of this page's entry in the history while a game runs. */
const PLAYING = 'playing';
/** In what this tab keeps: ANEW until the page that was loaded anew has begun to ask, then TRIED until it is in. */
const OUTDATED = 'outdated';
const ANEW = 'anew';
const TRIED = 'tried';

/** Is told why a game is over: '' where its page was left; `code` of the error that ended it. */
export type Over = (reason: string, code?: string) => void;

/**
 * Waits for a name, then calls `enter`, which connects and plays, and calls `over` when the game is: the lobby is there again and says
 * why. Who comes back to a page that was left while a game ran plays on without being asked, and so does who has an older page than the
 * server: that is loaded anew, once.
 */
export function openLobby(
  enter: (name: string, room: RoomRequest, over: Over) => Promise<void>,
): void {
  const form = element('join') as HTMLFormElement;
  const name = element('name') as HTMLInputElement;
  const button = element('play') as HTMLButtonElement;
  name.value = localStorage.getItem('name') ?? '';
  // On a phone this would open the keyboard over the page.
  if (matchMedia('(hover: hover)').matches) name.focus();
  const over: Over = (reason, code) => {
    if (loadsAnew(code)) return;
    // Without a reason the page was left: who comes back to it wants to play on.
    if (reason) history.replaceState(null, '');
    backToLobby(reason);
  };
  const join = async () => {
    button.disabled = true;
    element('trouble').textContent = '';
    try {
      localStorage.setItem('name', name.value);
      await enter(name.value, roomChoice(), over);
      history.replaceState(PLAYING, '');
      sessionStorage.removeItem(OUTDATED);
    } catch (error) {
      if (loadsAnew((error as { readonly code?: string }).code)) return;
      element('trouble').textContent = error instanceof Error ? error.message : String(error);
    }
    button.disabled = false;
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    join();
  });
  addEventListener('pageshow', ({ persisted }) => {
    const isAnew = sessionStorage.getItem(OUTDATED) === ANEW;
    if (isAnew) sessionStorage.setItem(OUTDATED, TRIED);
    if (isAnew || (history.state === PLAYING && (persisted || isBack()))) join();
  });
}

/** True: the server is of another version than this page, which is loaded anew; a second time would help no more. */
function loadsAnew(code: string | undefined): boolean {
  const isOutdated = code === 'E_SCHEMA_MISMATCH' || code === 'E_VERSION';
  if (!isOutdated || sessionStorage.getItem(OUTDATED) !== null) return false;
  sessionStorage.setItem(OUTDATED, ANEW);
  location.reload();
  return true;
}

/** Shows the lobby again, with what there is to say. */
export function backToLobby(reason: string): void {
  element('lobby').hidden = false;
  element('trouble').textContent = reason;
}

/** The page was loaded anew by "back" or "forward". */
function isBack(): boolean {
  const [entry] = performance.getEntriesByType('navigation');
  return entry instanceof PerformanceNavigationTiming && entry.type === 'back_forward';
}

/** Any, or the one that the address invites to: `#room=ID`. */
function roomChoice(): RoomRequest {
  const id = new URLSearchParams(location.hash.slice(1)).get('room');
  return id ? { id } : 'any';
}
