/** Ports and addresses as messages and URLs show them. */
import { FrayError } from './errors.ts';

/** A refused port says how to choose another. */
export async function withHint<T>(option: 'port' | 'admin-port', opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (cause) {
    if (!(cause instanceof FrayError) || cause.code !== 'E_PORT') throw cause;
    const variable = `FRAY_${option.replace('-', '_').toUpperCase()}`;
    throw new FrayError(
      'E_PORT',
      `${cause.message}; choose another with --${option} or ${variable}`,
      {
        cause,
      },
    );
  }
}

/** IPv6 addresses stand in brackets in a URL. */
export function urlHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
