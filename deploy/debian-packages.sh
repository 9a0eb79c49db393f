#!/bin/sh
# Installing a server package on Debian makes and starts a daemon. Here all three ways to that are
# closed: services may not start, slapd gets no configuration, PostgreSQL no cluster.
# Arguments: the packages.
set -eu
policy=/usr/sbin/policy-rc.d mark='made by bootstrap.py of zorgid-token-ca for one installation'
clusters=/etc/postgresql-common/createcluster.d/zorgid-bootstrap.conf
made=
cleanup() {
  [ -z "$made" ] || rm -f "$policy"
  rm -f "$clusters"
  rmdir /etc/postgresql-common/createcluster.d 2>/dev/null || :
}
trap cleanup EXIT
trap 'exit 130' HUP INT TERM
if [ ! -e "$policy" ] || grep -q "$mark" "$policy"; then
  made=1
  printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" >"$policy"
  chmod 755 "$policy"
fi
case " $* " in *" postgresql "*)
  mkdir -p "${clusters%/*}"
  echo 'create_main_cluster = false' >"$clusters" ;;
esac
case " $* " in *" slapd "*)
  echo 'slapd slapd/no_configuration boolean true' | debconf-set-selections ;;
esac
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -q --no-install-recommends "$@" </dev/null; }
install "$@" || { apt-get update -q && install "$@"; }
case " $* " in *" slapd "*) update-rc.d slapd disable || : ;; esac
