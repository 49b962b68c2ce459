/** Asks the server that the page came from. A token, where one is needed, is kept for the tab alone. */
const KEY = 'fray-admin-token';

/** What the server refused: its code and sentence. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, { code, message }: { code: string; message: string }) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function useToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

/** Throws Refusal, or TypeError where the server is not reached. */
export async function ask<T>(path: string, method = 'GET', body?: object): Promise<T> {
  const token = sessionStorage.getItem(KEY);
  const response = await fetch(`api/${path}`, {
    method,
    cache: 'no-store',
    headers: {
      ...(token !== null && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const said = (await response.json()) as T & { code: string; message: string };
  if (!response.ok) throw new Refusal(response.status, said);
  return said;
}
