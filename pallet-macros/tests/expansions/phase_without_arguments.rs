// #[phase(crate = infra::pallet)]
// #[cfg(unix)]
// fn base() {
//     package("curl");
// }

#[cfg(unix)]
#[track_caller]
fn base() {
    fn __base_body() {
        package("curl");
    }
    infra::pallet::__private::enter(
        <base as infra::pallet::DefinesPhase>::DEF,
        || { __base_body() },
    )
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
#[cfg(unix)]
struct base {}
#[cfg(unix)]
impl infra::pallet::DefinesPhase for base {
    const DEF: &'static infra::pallet::PhaseDef = &infra::pallet::PhaseDef::new(
            "base",
            ::core::module_path!(),
            infra::pallet::Location::new(
                ::core::file!(),
                ::core::line!(),
                ::core::column!(),
            ),
        )
        .run(<base as infra::pallet::RunnablePhase>::run);
}
#[cfg(unix)]
#[allow(deprecated)]
impl infra::pallet::RunnablePhase for base {
    fn run() -> ::core::result::Result<(), infra::pallet::Error> {
        <() as infra::pallet::PhaseOutput>::finish(base())
    }
}
#[cfg(unix)]
infra::pallet::__private::inventory::submit! {
    infra::pallet::registry::Registered::Phase(< base as infra::pallet::DefinesPhase >
    ::DEF)
}
