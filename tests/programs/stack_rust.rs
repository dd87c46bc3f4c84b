// A recursion of 50 through a trait object and a closure, above what burns: stack_rust MILLISECONDS.
use std::hint::black_box;
use std::time::Instant;

#[no_mangle]
#[inline(never)]
pub fn burn(milliseconds: u128) {
    let start = Instant::now();
    let mut x: u64 = 1;
    while start.elapsed().as_millis() < milliseconds {
        for i in 0..20000u64 {
            x = black_box(x.wrapping_mul(6364136223846793005).wrapping_add(i));
        }
    }
}

trait Step {
    fn step(&self, depth: u32, last: &dyn Fn());
}

struct Plain;

impl Step for Plain {
    #[inline(never)]
    fn step(&self, depth: u32, last: &dyn Fn()) {
        if depth == 1 {
            last();
        } else {
            black_box(self as &dyn Step).step(depth - 1, last);
        }
        black_box(depth);
    }
}

fn main() {
    let milliseconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(300);
    black_box(&Plain as &dyn Step).step(50, &|| {
        burn(milliseconds);
        black_box(0);
    });
    // A panic that is caught, so that the unwinder has run over these frames too.
    let caught = std::panic::catch_unwind(|| black_box(&Plain as &dyn Step).step(3, &|| panic!("caught")));
    assert!(caught.is_err());
}
