/** The modules that tests load: those that `npm test` has built, or those of `npm run build:native`. */
import { findNative } from '../../native/addon.ts';
import { findCrowd } from '../../native/crowd.ts';

export const MODULE: string | null = process.env['FRAY_TEST_NATIVE'] ?? findNative();
export const CROWD: string | null = process.env['FRAY_TEST_CROWD'] ?? findCrowd();
export const NOT_BUILT = 'not run: the native I/O thread is not built';
