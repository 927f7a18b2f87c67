//! An image without an account for pallet: cloud-init makes the admin user of what it finds on the machine's CD.

use crate::Test;
use pallet_tests_vm::lab::Lab;

pub(crate) const TESTS: &[(&str, Test)] =
    &[("cloud::a_machine_of_a_cloud_image_makes_its_admin_user_by_itself", cloud)];

fn cloud(lab: Lab) {
    let first = lab.run("converge").expect(0);
    assert_eq!((first.number("created"), first.number("failed")), (1, 0), "{}", first.stdout);
    let result = lab.check("vm-1", "cloud-init status --wait >/dev/null; cat /run/cloud-init/result.json");
    assert!(result.contains("DataSourceNoCloud [seed=/dev/sr0]"), "it was another source: {result}");
    assert_eq!(lab.check("vm-1", "cat /srv/by"), "bootstrapped by ops\nconfigured by ops\n");
    assert_eq!(lab.check("vm-1", "hostname; systemctl is-active greeter"), "vm-1\nactive\n");
    // The adapter came up by what the CD says of it, not by what the image says.
    let network = lab.check("vm-1", "networkctl --no-pager status eth0");
    assert!(network.contains("-cloud-init-eth0.network"), "{network}");

    let again = lab.run("converge").expect(0);
    assert_eq!((again.number("created"), again.number("changed")), (0, 0), "{}", again.stdout);
    let last = lab.run("converge vm=0 --allow-destroy").expect(0);
    assert_eq!(last.number("destroyed"), 1, "{}", last.stdout);
    lab.check_nothing_left();
}
