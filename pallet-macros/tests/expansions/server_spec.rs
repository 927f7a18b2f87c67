// server_spec! {
//     /// A web server.
//     pub Web {
//         extends: [BaseNode, nginx::NginxServer, git::server_spec(2)],
//         roles: [web, "app-server"],
//         settings: web_settings,
//         configure: web,
//         phases: { restart: restart_web, tune: tune(8), "pre-configure": || drain() },
//         default_phases: [configure],
//         node_spec: Small,
//         hardware: { memory: 2 GiB, vram: 16 },
//     }
// }

/// A web server.
pub struct Web;
impl ::pallet::DefinesServerSpec for Web {
    type BasesWithoutCircle = <(
        <BaseNode as ::pallet::DefinesServerSpec>::BasesWithoutCircle,
        <nginx::NginxServer as ::pallet::DefinesServerSpec>::BasesWithoutCircle,
    ) as ::pallet::__private::Forget>::Nothing;
    #[allow(clippy::needless_update)]
    const DEF: &'static ::pallet::ServerSpecDef = &::pallet::ServerSpecDef::new(
            "Web",
            ::core::module_path!(),
            ::pallet::Location::new(::core::file!(), ::core::line!(), ::core::column!()),
            || {
                ::pallet::ServerSpec::item(<Web as ::pallet::DefinesServerSpec>::DEF)
                    .node_spec(
                        ::pallet::spec::NodeSpec::new()
                            .hardware(::pallet::spec::Hardware {
                                memory: ::core::option::Option::Some(
                                    ::pallet::spec::Mib::gib(2),
                                ),
                                settings: ::core::option::Option::Some({
                                    let mut options = ::pallet::options::Options::new(
                                        "hardware",
                                        ::core::option::Option::None,
                                    );
                                    options
                                        .set(
                                            "vram",
                                            ::pallet::options::OptionValue::Integer(16),
                                            ::core::concat!(
                                                ::core::file!(), ":", ::core::line!(), ":",
                                                ::core::column!()
                                            ),
                                        );
                                    options
                                }),
                                ..::core::default::Default::default()
                            })
                            .over(<Small as ::pallet::DefinesNodeSpec>::DEF.spec()),
                    )
                    .extends(<BaseNode as ::pallet::DefinesServerSpec>::DEF.spec())
                    .extends(
                        <nginx::NginxServer as ::pallet::DefinesServerSpec>::DEF.spec(),
                    )
                    .extends(git::server_spec(2))
                    .role("web")
                    .role("app-server")
                    .phase(
                        "settings",
                        || <web_settings as ::pallet::RunnablePhase>::run(),
                    )
                    .phase("configure", || <web as ::pallet::RunnablePhase>::run())
                    .phase("restart", || <restart_web as ::pallet::RunnablePhase>::run())
                    .phase("tune", || tune(8))
                    .phase("pre-configure", || drain())
                    .default_phases(["configure"])
            },
        )
        .doc("A web server.")
        .extends(
            &[
                <BaseNode as ::pallet::DefinesServerSpec>::DEF,
                <nginx::NginxServer as ::pallet::DefinesServerSpec>::DEF,
            ],
        );
}
impl Web {
    /// Returns the server spec.
    pub fn spec() -> ::pallet::ServerSpec {
        <Web as ::pallet::DefinesServerSpec>::DEF.spec()
    }
}
::pallet::__private::inventory::submit! {
    ::pallet::registry::Registered::ServerSpec(< Web as ::pallet::DefinesServerSpec >
    ::DEF)
}
