//! The methods of a plain value with defaults: for each field one that sets it, to be chained, and one that
//! says what it is set to.

macro_rules! setters {
    ($owner:ident; $($(#[$doc:meta])* $name:ident $getter:ident $kind:ty)*) => {
        impl $owner {
            $(
                $(#[$doc])*
                #[must_use]
                pub const fn $name(mut self, $name: $kind) -> $owner {
                    self.$name = $name;
                    self
                }

                #[doc = concat!(
                    "What [`", stringify!($name), "`](", stringify!($owner), "::", stringify!($name), ") is set to."
                )]
                pub const fn $getter(&self) -> $kind {
                    self.$name
                }
            )*
        }
    };
}
