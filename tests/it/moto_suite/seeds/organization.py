# An organization with both types of policy enabled, and a member in a unit in a unit.
organizations = client("organizations")
organizations.create_organization(FeatureSet="ALL")
root = organizations.list_roots()["Roots"][0]["Id"]
KINDS = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
for kind in KINDS:
    organizations.enable_policy_type(RootId=root, PolicyType=kind)


def unit(name, parent):
    return organizations.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"]["Id"]


outer = unit("workloads", root)
inner = unit("production", outer)
created = organizations.create_account(AccountName="shop", Email="shop@example.com")
member = created["CreateAccountStatus"]["AccountId"]
organizations.move_account(AccountId=member, SourceParentId=root, DestinationParentId=inner)
answer |= {"member": member, "root": root, "inner": inner, "outer": outer}


def attach(name, kind, target, statement):
    created = organizations.create_policy(Content=policy(statement), Description=name, Name=name, Type=kind)
    id = created["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=id, TargetId=target)
    return id
