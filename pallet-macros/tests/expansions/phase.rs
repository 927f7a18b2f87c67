// #[phase]
// /// Serves the application.
// ///
// /// Behind nginx.
// pub fn web(node: &Node, db: NodesIn<Databases>, #[arg] port: u16) -> Result {
//     let nginx = package("nginx");
//     service("nginx").running().after(nginx);
//     Ok(())
// }

/// Serves the application.
///
/// Behind nginx.
#[track_caller]
pub fn web(port: u16) -> Result {
    fn __web_body(node: &Node, db: NodesIn<Databases>, port: u16) -> Result {
        let nginx = package("nginx");
        service("nginx").running().after(nginx);
        Ok(())
    }
    ::pallet::__private::enter(
        <web as ::pallet::DefinesPhase>::DEF,
        || {
            let a0 = ::pallet::__private::supply_boxed("node");
            let a1 = ::pallet::__private::supply("db");
            __web_body(&*a0, a1, port)
        },
    )
}
/// Serves the application.
///
/// Behind nginx.
#[doc(hidden)]
#[allow(non_camel_case_types)]
pub struct web {}
impl ::pallet::DefinesPhase for web {
    const DEF: &'static ::pallet::PhaseDef = &::pallet::PhaseDef::new(
            "web",
            ::core::module_path!(),
            ::pallet::Location::new(::core::file!(), ::core::line!(), ::core::column!()),
        )
        .doc("Serves the application.")
        .arguments(&["port: u16"]);
}
const _: fn() = || {
    let _ = <Result as ::pallet::PhaseOutput>::finish;
};
::pallet::__private::inventory::submit! {
    ::pallet::registry::Registered::Phase(< web as ::pallet::DefinesPhase > ::DEF)
}
