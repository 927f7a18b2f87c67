// group! {
//     pub WebServers {
//         cuont: 2,
//         hardware: { memory: 1024 },
//         extends: [Web],
//     }
// }

pub struct WebServers;
impl ::pallet::DefinesGroup for WebServers {
    const DEF: &'static ::pallet::GroupDef = &::pallet::GroupDef::new(
            "WebServers",
            "web-servers",
            ::core::module_path!(),
            ::pallet::Location::new(::core::file!(), ::core::line!(), ::core::column!()),
            || {
                ::pallet::GroupSpec::item(<WebServers as ::pallet::DefinesGroup>::DEF)
                    .extends(<Web as ::pallet::DefinesServerSpec>::DEF.spec())
            },
        )
        .extends(&[<Web as ::pallet::DefinesServerSpec>::DEF]);
}
impl WebServers {
    /// Returns the group.
    pub fn spec() -> ::pallet::GroupSpec {
        <WebServers as ::pallet::DefinesGroup>::DEF.spec()
    }
}
::pallet::__private::inventory::submit! {
    ::pallet::registry::Registered::Group(< WebServers as ::pallet::DefinesGroup > ::DEF)
}
::core::compile_error! {
    "unknown key `cuont` in `group!`\nnote: did you mean `count`?"
}
::core::compile_error! {
    "memory of 1024 has no unit\nnote: write `1024 MiB` or `1024 GiB`"
}
