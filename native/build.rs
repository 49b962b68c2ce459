//! What the linker has to know to make a module that Node loads.
fn main() {
    napi_build::setup();
}
