# Functions, each with a log group that is encrypted with a key of its own.
kms = client("kms")
service = role("service", allow(["logs:*"]))


def use(service=f"logs.{REGION}.amazonaws.com", actions=("kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"), groups="*"):
    condition = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{groups}"}}
    return policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions), "Resource": "*", "Condition": condition})


def key(name, document):
    made = kms.create_key(Policy=document)["KeyMetadata"]["Arn"]
    answer[f"key-{name}"] = made
    log_group(f"/aws/lambda/{name}", 30, made)
    function(name, service, "PassThrough")
    # moto takes no ARN where a key is changed.
    return made.split("/")[-1]


key("usable", use())
key("for-this-group", use(groups="/aws/lambda/for-this-group"))
key("for-another-group", use(groups="/aws/lambda/usable"))
key("for-another-region", use(service="logs.eu-west-1.amazonaws.com"))
key("encrypts-only", use(actions=["kms:Encrypt*"]))
kms.disable_key(KeyId=key("disabled", use()))
kms.schedule_key_deletion(KeyId=key("about-to-go", use()), PendingWindowInDays=7)
log_group("/aws/lambda/gone", 30, f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555")
function("gone", service, "PassThrough")
log_group("/aws/lambda/plain", 30)
function("plain", service, "PassThrough")
