/** The module that tests load: the one that `npm test` has built, or the one of `npm run build:native`. */
import { findNative } from '../../native/addon.ts';

export const MODULE: string | null = process.env['FRAY_TEST_NATIVE'] ?? findNative();
export const NOT_BUILT = 'not run: the native I/O thread is not built';
