# Working copies of git. Nothing ever asks: what would need an answer fails.
# p_git ARGUMENTS...: git in p_dir, whoever owns that.
p_git() {
  GIT_TERMINAL_PROMPT=0 GIT_SSH_COMMAND="${p_ssh:-ssh -o BatchMode=yes}" LC_ALL=C \
    git -c "safe.directory=$p_dir" -c advice.detachedHead=false "$@"
}
# p_git_wanted URL REVISION: prints the commit that a revision of the remote stands for.
p_git_wanted() {
  case $2 in
    *[!0-9a-f]* | '') ;;
    ????????????????????????????????????????) printf '%s\n' "$2"; return 0 ;;
  esac
  if [ "$2" = HEAD ]; then
    p_found=$(p_git ls-remote -- "$1" HEAD 2>&1) || { printf '%s\n' "$p_found"; return 1; }
  else
    p_found=$(p_git ls-remote -- "$1" "refs/tags/$2^{}" "refs/tags/$2" "refs/heads/$2" 2>&1) ||
      { printf '%s\n' "$p_found"; return 1; }
  fi
  # An annotated tag is an object of its own; what it is put on ends in ^{}.
  p_first=
  while read -r p_hash p_ref; do
    case $p_ref in *'^{}') p_first=$p_hash; break ;; esac
    p_first=${p_first:-$p_hash}
  done <<END
$p_found
END
  [ -n "$p_first" ] || { echo "the remote has no branch or tag $2"; return 1; }
  printf '%s\n' "$p_first"
}
# p_git_state URL DIRECTORY REVISION SSH: prints what there is, a fact a line.
p_git_state() {
  p_dir=$2 p_ssh=$4
  command -v git >/dev/null || { echo none; return 0; }
  if [ -e "$2/.git" ]; then
    echo "head $(p_git -C "$2" rev-parse -q --verify HEAD 2>/dev/null)"
    echo "url $(p_git -C "$2" config --get remote.origin.url)"
    [ -z "$(p_git -C "$2" status --porcelain --untracked-files=no 2>&1)" ] || echo edited
  else
    for p_entry in "$2"/* "$2"/.[!.]* "$2"/..?*; do
      if [ -e "$p_entry" ] || [ -L "$p_entry" ]; then echo occupied; break; fi
    done
  fi
  if p_commit=$(p_git_wanted "$1" "$3"); then echo "wanted $p_commit"; else echo "refused $p_commit"; fi
}
# p_git_checkout URL DIRECTORY REVISION SSH DISCARD DEPTH SUBMODULES: ends with 10 when it changed something.
p_git_checkout() {
  p_dir=$2 p_ssh=$4
  command -v git >/dev/null || { echo "git is not installed: install the package before this line"; return 1; }
  p_commit=$(p_git_wanted "$1" "$3") || { printf '%s\n' "$p_commit"; return 1; }
  if [ ! -e "$2/.git" ]; then
    for p_entry in "$2"/* "$2"/.[!.]* "$2"/..?*; do
      if [ -e "$p_entry" ] || [ -L "$p_entry" ]; then echo "$2 is not empty, and no working copy"; return 1; fi
    done
    p_git init -q -- "$2" || return 1
  fi
  p_url=$(p_git -C "$2" config --get remote.origin.url)
  p_head=$(p_git -C "$2" rev-parse -q --verify HEAD 2>/dev/null)
  p_edited=$(p_git -C "$2" status --porcelain --untracked-files=no) || return 1
  if [ -n "$p_edited" ] && [ -z "$5" ] && [ -n "$p_head" ]; then
    printf '%s\n' "$2 has changes of somebody else:" "$p_edited"
    return 1
  fi
  if [ "$p_url" = "$1" ] && [ "$p_head" = "$p_commit" ] && [ -z "$p_edited" ]; then return 0; fi
  if [ "$p_url" != "$1" ]; then p_git -C "$2" config remote.origin.url "$1" || return 1; fi
  if ! p_git -C "$2" cat-file -e "$p_commit^{commit}" 2>/dev/null; then
    # Not every server gives a commit by its number.
    p_git -C "$2" fetch -q ${6:+--depth "$6"} origin "$p_commit" 2>/dev/null ||
      p_git -C "$2" fetch -q --tags origin '+refs/heads/*:refs/remotes/origin/*' || return 1
  fi
  p_git -C "$2" checkout -q --detach ${5:+--force} "$p_commit" -- || return 1
  if [ -n "$7" ]; then p_git -C "$2" submodule -q update --init --recursive || return 1; fi
  return 10
}
