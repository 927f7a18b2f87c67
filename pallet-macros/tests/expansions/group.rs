// group! {
//     pub WebServers {
//         count: 2,
//         image: { os_family: debian, os_version: ">= 12" },
//         hardware: { memory: 1024 MiB, cpus: 2 },
//         network: [management(host_only), nat(forward 8080 => 80)],
//         extends: [Web],
//         protect: true,
//     }
// }

pub struct WebServers;
impl ::pallet::DefinesGroup for WebServers {
    #[allow(clippy::needless_update)]
    const DEF: &'static ::pallet::GroupDef = &::pallet::GroupDef::new(
            "WebServers",
            "web-servers",
            ::core::module_path!(),
            ::pallet::Location::new(::core::file!(), ::core::line!(), ::core::column!()),
            || {
                ::pallet::GroupSpec::item(<WebServers as ::pallet::DefinesGroup>::DEF)
                    .count(2)
                    .node_spec(
                        ::pallet::spec::NodeSpec::new()
                            .image(::pallet::spec::ImageMatch {
                                os_family: ::core::option::Option::Some(
                                    ::pallet::facts::OsFamily::Debian,
                                ),
                                os_version: ::pallet::facts::VersionReq::parse(">= 12")
                                    .ok(),
                                ..::core::default::Default::default()
                            })
                            .hardware(::pallet::spec::Hardware {
                                memory: ::core::option::Option::Some(
                                    ::pallet::spec::Mib(1024),
                                ),
                                cpus: ::core::option::Option::Some(2),
                                ..::core::default::Default::default()
                            })
                            .network(
                                ::pallet::spec::Network::Adapters(
                                    ::std::vec![
                                        ::pallet::spec::Adapter::new(::pallet::spec::Attachment::HostOnly(::core::option::Option::None))
                                        .management(),
                                        ::pallet::spec::Adapter::new(::pallet::spec::Attachment::Nat
                                        { forwards :
                                        ::std::vec![::pallet::spec::Forward::tcp(8080u16, 80u16)] })
                                    ],
                                ),
                            ),
                    )
                    .extends(<Web as ::pallet::DefinesServerSpec>::DEF.spec())
                    .protect(true)
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
