"""The front page of the demo's platform repository. Pure."""

from portal.demo import fleet
from tenants.inventory import ClusterFacts

_TEXT = """\
# fleet

What runs on the clusters of the platform, and who may use them. Flux on each cluster begins in
`clusters/<cluster>/` and applies what is named there; a merge to `{branch}` is a deployment.

This is a demo: the clusters do not exist, and `gotk-components.yaml` and `gotk-sync.yaml` are the
placeholders one commits before `flux bootstrap`, which replaces them.

## Where things are

| path | what |
|---|---|
| `clusters/<cluster>/flux-system/` | Flux itself; its `kustomization.yaml` locks it down |
| `clusters/<cluster>/infrastructure.yaml` | Kyverno, then its policies |
| `clusters/<cluster>/tenants/<tenant>.yaml` | lets one tenant onto the cluster |
| `infrastructure/kyverno/` | the policy engine |
| `infrastructure/kyverno-policies/` | what no tenant may do |
| `tenants/<cluster>/<tenant>/<namespace>/` | namespace, accounts, quota, network |

The portal writes the files of tenants, everything below `tenants/` and `clusters/*/tenants/`. The
platform team writes the rest, and `flux bootstrap` the two `gotk-` files of each cluster.

Flux applies in this order: `kyverno`, `kyverno-policies`, `tenant-<tenant>`. No tenant is let in
before the policies are.

## Clusters

| cluster | group | environment | Flux | tenants |
|---|---|---|---|---|
{clusters}

## What to know before changing something

- There is no `kustomization.yaml` in `clusters/<cluster>/`, and none may be added: Flux finds every
  file by itself, so no two tenants share a list.
- Files of the portal are changed by a request there. Edited by hand, they stop the next request.
- Everything the platform applies names an account: `kustomize-controller`, or `helm-controller` for
  a HelmRelease. Lockdown took away the rights of what names none.
- What is taken out of a cluster's `infrastructure.yaml` keeps running, on purpose. Remove it by
  hand if you mean it.
- In an emergency the policies let `system:masters` through, and nobody else who is a person.
- Sources of tenants begin with `{forge_url}`: see `verify-git-repositories.yaml`.

## A new cluster

1. Copy the directory of a cluster with the same Flux minor, without its `tenants/`, empty the two
   `gotk-` files, and merge that.
2. With admin rights on the new cluster, and the Flux CLI of that minor:

   ```
   flux bootstrap git --url=ssh://git@<forge>/{repository}.git --branch={branch} \\
     --path=clusters/<cluster>
   ```

3. `flux get kustomizations` shows `flux-system`, `kyverno` and `kyverno-policies` as ready.

## Trying a change

```
kubectl kustomize infrastructure/kyverno
kubectl kustomize infrastructure/kyverno-policies
kubectl kustomize clusters/<cluster>/flux-system     # says more once Flux is bootstrapped
```
"""


def readme(forge_url: str) -> str:
    """Markdown. `forge_url` is where Flux may clone from."""
    return _TEXT.format(
        branch=fleet.BRANCH,
        clusters="\n".join(map(_row, fleet.CLUSTERS.values())),
        forge_url=forge_url,
        repository=fleet.PLATFORM_REPOSITORY,
    )


def _row(cluster: ClusterFacts) -> str:
    tenants = "yes" if cluster.open else "no"
    cells = (cluster.name, cluster.group, cluster.environment, cluster.flux, tenants)
    return f"| {' | '.join(cells)} |"
