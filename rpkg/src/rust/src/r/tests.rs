//! Jumps of R and kept values, with R inside the test program.
use super::embedded::{identical, r, with_r};
use super::{protect, Failure, Preserved};

#[test]
fn an_error_of_r_comes_back_as_a_jump_and_what_rust_holds_is_dropped() {
    with_r(|| {
        struct Noted<'a>(&'a std::cell::Cell<bool>);
        impl Drop for Noted<'_> {
            fn drop(&mut self) {
                self.0.set(true);
            }
        }
        let dropped = std::cell::Cell::new(false);
        let fail = || {
            let _held = Noted(&dropped);
            protect(|s| Ok(r(s, "stop('on purpose')").len()))
        };
        assert!(matches!(fail(), Err(Failure::Jump(_))));
        assert!(dropped.get());
        assert_eq!(protect(|s| Ok(r(s, "1:3").len())).unwrap(), 3, "R goes on");
    });
}

#[test]
fn a_panic_goes_through_r_and_r_goes_on() {
    with_r(|| {
        let panic = std::panic::catch_unwind(|| {
            let _ = protect(|_| -> super::Result<()> { panic!("on purpose") });
        });
        assert!(panic.is_err());
        assert_eq!(protect(|s| Ok(r(s, "1:4").len())).unwrap(), 4);
    });
}

#[test]
fn kept_values_survive_the_collector_in_whatever_order_others_are_dropped() {
    with_r(|| {
        let make = |i: usize| {
            let code = format!("c({i}, 1, 2)");
            protect(|s| Ok(Preserved::new(r(s, &code)))).unwrap()
        };
        let mut kept: Vec<Option<Preserved>> = (0..200).map(|i| Some(make(i))).collect();
        for place in (0..200).map(|i| i * 77 % 200).filter(|place| place % 3 != 0) {
            kept[place] = None;
        }
        protect(|s| Ok(_ = s.call_base("gc", &[]))).unwrap();
        for (place, value) in kept.iter().enumerate().filter_map(|(i, value)| Some((i, value.as_ref()?))) {
            assert_eq!(super::number_at(value.get(), 0).unwrap(), place as f64);
        }
    });
}

#[test]
fn an_outer_scope_keeps_nothing_while_an_inner_one_stands() {
    with_r(|| {
        let wrong = std::panic::catch_unwind(|| {
            let _ = protect(|s| {
                s.inner(|_| _ = s.vector(super::Kind::INTSXP, 1));
                Ok(())
            });
        });
        assert!(wrong.is_err());
        assert!(protect(|s| Ok(identical(s, r(s, "1L"), r(s, "1L")))).unwrap());
    });
}
