/**
 * Files of a page: from a request path to a file inside one of the given folders, its type and its cache headers.
 */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';

export interface Mount {
  /** Path under which the folder appears; begins and ends with `/`. */
  readonly path: string;
  readonly directory: string;
}

export interface FoundFile {
  readonly file: string;
  readonly bytes: number;
  readonly type: string;
  readonly etag: string;
  /** `immutable` for names that carry a hash of their content, `no-cache` (ask each time) for the rest. */
  readonly cacheControl: string;
}

/**
 * The file that a path names, or null: nothing there, or it lies outside its folder (also by a symbolic link), or its name
 * begins with a dot. `/` names index.html; so does a path of a folder that ends in `/`.
 */
export async function findFile(mounts: readonly Mount[], path: string): Promise<FoundFile | null> {
  const plain = decode(path);
  if (plain === null) return null;
  const mount = mounts
    .filter((one) => plain.startsWith(one.path))
    .sort((a, b) => b.path.length - a.path.length)[0];
  if (mount === undefined) return null;
  const parts = plain.slice(mount.path.length).split('/');
  if (parts.some((part, k) => part.startsWith('.') || (part === '' && k < parts.length - 1)))
    return null;
  if (parts[parts.length - 1] === '') parts[parts.length - 1] = 'index.html';
  try {
    const root = await realpath(mount.directory);
    const file = await realpath(join(root, ...parts));
    if (!file.startsWith(root + sep)) return null;
    const facts = await stat(file);
    if (!facts.isFile()) return null;
    const etag = `"${facts.size.toString(36)}-${Math.floor(facts.mtimeMs).toString(36)}"`;
    const cacheControl = HASHED.test(file) ? 'public, max-age=31536000, immutable' : 'no-cache';
    return {
      file,
      bytes: facts.size,
      etag,
      cacheControl,
      type: TYPES[extname(file)] ?? 'application/octet-stream',
    };
  } catch {
    return null;
  }
}

/** Answers with a file: 304 if the client has it, headers alone for HEAD. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  found: FoundFile,
): void {
  response.setHeader('ETag', found.etag);
  response.setHeader('Cache-Control', found.cacheControl);
  if (request.headers['if-none-match'] === found.etag) {
    response.writeHead(304).end();
    return;
  }
  response.setHeader('Content-Type', found.type);
  response.setHeader('Content-Length', found.bytes);
  if (request.method === 'HEAD' || found.bytes === 0) {
    response.writeHead(200).end();
    return;
  }
  // To the byte that was announced: a file that grows meanwhile must not break the framing.
  const body = createReadStream(found.file, { end: found.bytes - 1 });
  body.on('error', () => response.destroy());
  body.once('open', () => response.writeHead(200));
  response.on('close', () => body.destroy());
  body.pipe(response);
}

/** Percent escapes resolved; null for a broken escape, a zero byte or a backslash. */
function decode(path: string): string | null {
  try {
    const plain = decodeURIComponent(path);
    return plain.includes('\0') || plain.includes('\\') ? null : plain;
  } catch {
    return null;
  }
}

/** `app-3F2A9C1B.js`, `app-DiwrgTda.js`: what esbuild and Vite write. Not `my-settings.js`: two capitals or digits at least. */
const HASHED = /[-.](?=(?:[^.]*[A-Z0-9]){2})[A-Za-z0-9_]{8}\.[a-z0-9]+$/;

const TYPES: { readonly [extension: string]: string } = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
  '.wav': 'audio/wav',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};
