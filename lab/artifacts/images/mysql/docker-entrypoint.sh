#!/bin/bash
# The entry point of Docker's official image, as its users know it: makes the data folder if there
# is none, gives up root, and becomes the command.
set -euo pipefail

if [ $# = 0 ] || [ "${1#-}" != "$1" ]; then set -- mysqld "$@"; fi
if [ "$1" != mysqld ]; then exec "$@"; fi

data=/var/lib/mysql
if [ "$(id -u)" = 0 ]; then
  # A clone's files belong to whoever unpacked them.
  find "$data" /var/run/mysqld /var/lib/mysql-files ! -user mysql -exec chown mysql:mysql {} +
  exec setpriv --reuid=mysql --regid=mysql --clear-groups "$0" "$@"
fi

as_text() { # a word as an SQL string
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\'\'}"
}

initialise() {
  local password=${MYSQL_ROOT_PASSWORD:-} socket=/var/run/mysqld/init.sock
  if [ -z "$password${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ]; then
    echo "Set MYSQL_ROOT_PASSWORD or MYSQL_ALLOW_EMPTY_PASSWORD: there is no database in $data." >&2
    exit 1
  fi
  # A volume's own folder is not the database's.
  rm -rf "$data/lost+found"
  "$@" --initialize-insecure
  # Nobody may reach it before it is whole, and nothing of this is for replicas.
  "$@" --skip-networking --skip-log-bin --skip-super-read-only --skip-read-only --socket="$socket" &
  local server=$!
  until mysqladmin --socket="$socket" --user=root ping &> /dev/null; do
    kill -0 "$server"
    sleep 0.1
  done
  {
    echo "CREATE USER root@'%' IDENTIFIED BY $(as_text "$password");"
    echo "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;"
    if [ -n "${MYSQL_DATABASE:-}" ]; then echo "CREATE DATABASE \`$MYSQL_DATABASE\`;"; fi
    echo "ALTER USER root@localhost IDENTIFIED BY $(as_text "$password");"
  } | mysql --socket="$socket" --user=root
  MYSQL_PWD=$password mysqladmin --socket="$socket" --user=root shutdown
  wait "$server"
}

if [ ! -d "$data/mysql" ]; then initialise "$@"; fi
exec "$@"
