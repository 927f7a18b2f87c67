# Functions for rpm, which dnf and zypper stand on. See packages.sh.

p_rpm_format='%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\n'
p_rpm_state() {
  p_status= p_version=
  p_lines=$(rpm -q --qf "$p_rpm_format" -- "$1" 2>/dev/null) || return 0
  # A kernel can be there in several versions, one a line, the newest last.
  p_status=installed p_version=${p_lines##*
}
  p_version=${p_version#0:}
}
p_pm_absent() {
  p_providers=$(rpm -q --qf '%{NAME} ' --whatprovides -- "$1" 2>/dev/null) || p_providers=
  if [ -n "$p_providers" ]; then
    p_say "package $1 is virtual: name one that provides it: ${p_providers% }"
  else
    p_say "the transaction ended well, and package $1 is not installed"
  fi
}
p_pm_repair() { :; }
p_pm_file() {
  p_line=$(rpm -qp --qf "%{NAME}.%{ARCH} $p_rpm_format" -- "$1" 2>/dev/null) || return
  p_name=${p_line% *} p_want=${p_line#* }
  p_want=${p_want#0:}
}
