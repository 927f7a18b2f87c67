# Functions for locales.
# p_has_locale NAME: tells whether the C library finds it. Its list spells encodings in its own way.
p_has_locale() {
  p_wanted=$(printf %s "$1" | tr A-Z a-z | tr -d -)
  for p_line in $(locale -a 2>/dev/null | tr A-Z a-z | tr -d -); do
    [ "$p_line" != "$p_wanted" ] || return 0
  done
  return 1
}
# p_locale ID NAME: makes this one alone, which is what locale-gen does for all that are listed.
p_locale() {
  ! p_has_locale "$2" || return 0
  p_charset=${2#*.}
  p_charset=${p_charset%%@*}
  p_input=${2%%.*}
  case $2 in *@*) p_input=$p_input@${2##*@} ;; esac
  p_said=$(localedef -c -i "$p_input" -f "$p_charset" -A /usr/share/locale/locale.alias "$2" 2>&1)
  if ! p_has_locale "$2"; then p_say "$p_said"; p_say "this node has no locale $2; is it spelled right?"; return 1; fi
  case " $p_did " in *" $1 "*) ;; *) p_did="$p_did $1" ;; esac
}
