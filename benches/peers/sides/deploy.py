# The twenty actions for pyinfra.
import json

from pyinfra import host
from pyinfra.facts.files import File
from pyinfra.operations import apt, files, server, systemd

with open("values.json") as file:
    values = json.load(file)
folder = values["folder"]

apt.packages(packages=values["packages"], no_recommends=True)
apt.packages(packages=["cron"], no_recommends=True)
server.group(group="bench")
server.user(user="bench", group="bench", shell="/bin/bash", create_home=False, ensure_home=False)
files.directory(path=folder, mode="755", user="root", group="root")
files.directory(path=f"{folder}/conf", mode="750", user="root", group="root")
for name in values["small"]:
    owner = "bench" if name == "four" else "root"
    files.put(src=f"files/{name}", dest=f"{folder}/{name}", mode="644", user=owner, group=owner)
for part in values["templates"]:
    files.template(
        src="files/template.j2",
        dest=f"{folder}/conf/{part}",
        mode="640",
        user="root",
        group="root",
        part=part,
        host=host.name,
    )
files.put(src="files/large", dest=f"{folder}/large", mode="644", user="root", group="root")
files.link(path=f"{folder}/current", target="conf")
files.line(path="/etc/hosts", line=values["line"])
unit = files.put(
    src="files/bench.service", dest="/etc/systemd/system/bench.service", mode="644", user="root", group="root"
)
systemd.service(service="bench.service", running=True, enabled=True, daemon_reload=unit.will_change)
systemd.service(service="cron.service", running=True)
if not host.get_fact(File, path=f"{folder}/done"):
    server.shell(commands=[f"touch {folder}/done"])
