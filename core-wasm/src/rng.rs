//! xoshiro128**: the generator of the simulation and of the plugin (each has its own state). 16
//! bytes, never all zero.

/// A state from a 64-bit seed, by splitmix64.
pub fn seeded(low: u32, high: u32) -> [u32; 4] {
    let mut at = u64::from(high) << 32 | u64::from(low);
    let mut next = || {
        at = at.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = at;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    let (a, b) = (next(), next());
    let state = [a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32];
    if state == [0; 4] {
        [1, 2, 3, 4]
    } else {
        state
    }
}

/// The next 32 bits.
pub fn next(state: &mut [u32; 4]) -> u32 {
    let result = state[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
    let t = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = state[3].rotate_left(11);
    result
}

/// A number in 0..n without bias worth naming (multiply-shift); 0 for n = 0.
pub fn below(state: &mut [u32; 4], n: u32) -> u32 {
    ((u64::from(next(state)) * u64::from(n)) >> 32) as u32
}
