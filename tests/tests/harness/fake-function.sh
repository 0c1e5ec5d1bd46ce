#!/bin/sh
# A function as small as can be, for the harness's own tests: does what the event's path says.
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
head="$FOLDER/head.$$"

post() {
    curl --silent --show-error --output /dev/null --data-binary @- "$api/$1"
}

env | cut -d= -f1 | sort | sed 's/^/variable /'
echo "complaint" >&2
echo "process $$"
if [ -n "$BAD_START" ]; then
    printf '{"errorType": "BadStart", "errorMessage": "%s"}' "$BAD_START" | post init/error
    exit 3
fi
while event=$(curl --silent --dump-header "$head" "$api/invocation/next") && [ -n "$event" ]; do
    header() {
        tr -d '\r' <"$head" | sed -n "s/^$1: //p"
    }
    id=$(header lambda-runtime-aws-request-id)
    echo "took $id"
    case $event in
    */fail*) echo '{"errorType": "Failed", "errorMessage": "as told"}' | post "invocation/$id/error" ;;
    */exit*) exit 7 ;;
    */silence*) ;;
    */large*) head -c 6400000 /dev/zero | post "invocation/$id/response" 2>/dev/null ;;
    */undocumented*) echo '{"statusCode": 418}' | post "invocation/$id/response" ;;
    */text*) echo "no JSON" | post "invocation/$id/response" ;;
    *)
        printf '{"name": "%s", "deadline": %s, "event": %s}' \
            "$AWS_LAMBDA_FUNCTION_NAME" "$(header lambda-runtime-deadline-ms)" "$event" |
            post "invocation/$id/response"
        ;;
    esac
done
