// For threads of a run from source: Node 20 gives `--import tsx` no effect in them.
import { register } from 'tsx/esm/api';

register();
export const { verify } = await import('./verify.ts');
