#!/bin/sh
# A tour of segue's API with curl: over the control socket, then over TCP with the token.
#
#   examples/curl-tour.sh [ROOM]
#
# It looks at the house, and moves the level of one room (the first, if none is named) a step down and up again. Nothing
# else changes. Where segued is can be said with SEGUE_SOCKET, SEGUE_URL and SEGUE_TOKEN_FILE.
set -eu

socket=${SEGUE_SOCKET:-/run/segue-ctl/ctl.sock}
[ -S "$socket" ] || socket=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/segue/ctl.sock
url=${SEGUE_URL:-http://127.0.0.1:3001}
token_file=${SEGUE_TOKEN_FILE:-${XDG_STATE_HOME:-$HOME/.local/state}/segue/api-token}

# On the control socket the kernel says who is asking: no token is needed, and the host in the address is for show.
on_socket() { curl -sS -m 10 --unix-socket "$socket" "$@"; }

# On TCP the token has to be shown. It goes to curl through a pipe: arguments can be read by everybody on this machine.
on_tcp() { printf 'Authorization: Bearer %s\n' "$(cat "$token_file")" | curl -sS -m 10 -H @- "$@"; }

say() { printf '\n# %s\n' "$*"; }
pretty() { python3 -m json.tool --no-ensure-ascii; }

get() {
  printf "$ curl --unix-socket %s 'http://segue%s'\n" "$socket" "$1"
  on_socket "http://segue$1" | pretty
}

post() {
  printf "$ curl --unix-socket %s -d '%s' http://segue%s\n" "$socket" "$2" "$1"
  on_socket -d "$2" "http://segue$1" | pretty
}

if ! on_socket -o /dev/null http://segue/healthz; then
  echo "segued does not answer at $socket. Start it, or say with SEGUE_SOCKET where it is." >&2
  exit 3
fi

say 'The whole house on one page. Every answer has this shape: ok and data, or ok and error.'
get /api/v1/status

say 'The rooms, and the players that there are'
get /api/v1/rooms
get /api/v1/players

room=${1:-$(on_socket http://segue/api/v1/rooms | sed -n 's/.*"rooms":\[{"name":"\([^"]*\)".*/\1/p')}
if [ -n "$room" ]; then
  say "A step softer and a step louder again: each is an action, and the answer says what it sets in motion."
  post "/api/v1/rooms/$room/volume" '{"direction": "down"}'
  sleep 1
  post "/api/v1/rooms/$room/volume" '{"direction": "up"}'
  sleep 1

  say 'What was done, and why'
  get "/api/v1/why?room=$room&limit=2"

  say 'The event stream for three seconds, with another two steps: a snapshot first, then everything as it happens.'
  printf '$ curl -N --unix-socket %s http://segue/api/v1/events\n' "$socket"
  for direction in down up; do
    sleep 1
    on_socket -o /dev/null -d "{\"direction\": \"$direction\"}" "http://segue/api/v1/rooms/$room/volume"
  done &
  on_socket -N -m 3 http://segue/api/v1/events 2>/dev/null | cut -c 1-150
  wait

  say 'A mistake is answered with its name, its limit, and the next step.'
  post "/api/v1/rooms/$room/volume" '{"level": 1000}'
else
  say 'There is no [[room]] in the configuration, so nothing is moved.'
fi

say 'The same over TCP. Without the token nothing is told but whether segued is alive.'
printf '$ curl %s/healthz\n' "$url"
curl -sS -m 10 "$url/healthz" | pretty
printf '$ curl %s/api/v1/rooms\n' "$url"
curl -sS -m 10 "$url/api/v1/rooms" | pretty
if [ -r "$token_file" ]; then
  printf '$ curl -H "Authorization: Bearer ..." %s/api/v1/rooms\n' "$url"
  on_tcp "$url/api/v1/rooms" | pretty
  say 'Counters for Prometheus'
  printf '$ curl -H "Authorization: Bearer ..." %s/metrics\n' "$url"
  on_tcp "$url/metrics"
else
  say "The token's file $token_file is not yours to read; say with SEGUE_TOKEN_FILE where it is."
fi

say 'Every route there is: /openapi.json, and docs/reference/routes.md. That was the tour.'
