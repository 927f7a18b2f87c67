# Makes a repository of tiny packages below /srv/repo. Both dnf and zypper can read it.
set -e
mkdir -p /srv/repo /srv/build /etc/dnf/vars
cd /srv/build
echo 9 >/etc/dnf/vars/releasever

# package NAME VERSION RELEASE EPOCH LINES
package() {
    printf 'Name: %s\nVersion: %s\nRelease: %s\n%sSummary: for tests\nLicense: none\nBuildArch: noarch\n%s%%description\nfor tests\n%%files\n' \
        "$1" "$2" "$3" "${4:+Epoch: $4
}" "$5" >package.spec
    rpmbuild -bb --quiet --define '_topdir /srv/build' --define '_rpmdir /srv/repo' --define '_binary_payload w0.gzdio' \
        --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' package.spec >log 2>&1 || { cat log; exit 1; }
}

package e2e-one 1.0 1
package e2e-two 1.0 1
package e2e-c++ 1.0 1
package e2e-plain 1.0 1
package e2e-plain '2.0~rc1' 1
package e2e-epoch 1.0 1 2
package e2e-needs 1.0 1 '' 'Requires: e2e-two
'
package e2e-provider 1.0 1 '' 'Provides: e2e-virtual
'
package e2e-file 1.0 1
mv /srv/repo/e2e-file-* /srv/
createrepo_c -q /srv/repo
rm -rf /srv/build
