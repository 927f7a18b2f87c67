// #[phase]
// pub async fn web(node: &Node, #[arg] port: u16) -> Result {
//     package("nginx");
//     Ok(())
// }

pub fn web(_: u16) -> Result {
    #[allow(unused)]
    async fn __web_body(node: &Node, port: u16) -> Result {
        package("nginx");
        Ok(())
    }
    ::core::unreachable!()
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
pub struct web {}
impl ::pallet::DefinesPhase for web {
    const DEF: &'static ::pallet::PhaseDef = &::pallet::PhaseDef::new(
            "web",
            ::core::module_path!(),
            ::pallet::Location::new(::core::file!(), ::core::line!(), ::core::column!()),
        )
        .run(<web as ::pallet::RunnablePhase>::run);
}
#[allow(deprecated)]
impl ::pallet::RunnablePhase for web {
    fn run() -> ::core::result::Result<(), ::pallet::Error> {
        ::core::unreachable!()
    }
}
::core::compile_error! {
    "phase `web` must not be `async`\nnote: a phase describes what to do and waits for nothing; leave out `async`"
}
