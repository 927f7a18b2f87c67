# A server of MariaDB or MySQL on this node, as its root, over its socket.
# p_sql STATEMENTS: runs them. They travel on the standard input: passwords would show in the process list otherwise.
p_sql() {
  p_client=$(command -v mariadb) || p_client=$(command -v mysql) || { echo "there is no client of MariaDB or MySQL"; return 1; }
  # What a server is set to must not change how statements are read.
  printf '%s\n%s\n' "SET SESSION sql_mode = '';" "$1" |
    "$p_client" --batch --skip-column-names --default-character-set=utf8mb4 --protocol=socket --user=root 2>&1
}
# p_sql_do ACTION STATEMENTS: runs them for an action that is changed by that.
p_sql_do() {
  p_said=$(p_sql "$2") || { p_say "$p_said"; return 1; }
  p_did="$p_did $1"
}
