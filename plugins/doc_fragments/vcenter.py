# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options of every module, word for word once."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  hostname:
    description:
      - Name or address of the vCenter. A URL that begins with V(https://) is accepted as well, V(http://) is refused.
      - If it is left out or empty, the environment variable E(VMWARE_HOST) is used.
    type: str
    aliases: [vcenter_hostname]
  username:
    description:
      - User to log in with, such as V(administrator@vsphere.local).
      - If it is left out or empty, the environment variable E(VMWARE_USER) is used.
    type: str
    aliases: [user, admin, vcenter_username]
  password:
    description:
      - Password of the user.
      - If it is left out or empty, the environment variable E(VMWARE_PASSWORD) is used.
    type: str
    aliases: [pass, pwd, vcenter_password]
  session_id:
    description:
      - A session that was opened before, such as by M(vsphere.lifecycle.vcenter_session). It is used instead of a
        login, and it is left open.
      - Once vCenter does not take it any more, the module logs in with O(username) and O(password) if there are both,
        and out again at its end. Otherwise it fails.
      - If it is left out or empty, the environment variable E(VMWARE_SESSION_ID) is used, unless the task itself gives
        O(username) and O(password).
    type: str
  port:
    description:
      - Port of the vCenter. A port inside O(hostname) counts where this is V(443).
      - If it is left out, the environment variable E(VMWARE_PORT) is used.
    type: int
    default: 443
    aliases: [vcenter_port]
  validate_certs:
    description:
      - Whether the certificate of the vCenter is checked. V(false) is for laboratories only.
      - If it is left out, the environment variable E(VMWARE_VALIDATE_CERTS) is used. Where only that variable switches
        the check off, as the credential type of AWX does by default, the module warns.
    type: bool
    default: true
    aliases: [vcenter_validate_certs]
  ca_path:
    description:
      - PEM file with the certificate authorities that are trusted, or a directory of such files.
      - If it is left out or empty, the environment variable E(VMWARE_CA_PATH) is used, then E(REQUESTS_CA_BUNDLE), then
        the bundle of the Python library C(requests).
    type: path
  proxy_host:
    description:
      - Name or address of an HTTP proxy to reach the vCenter through.
      - If it is left out or empty, the environment variable E(VMWARE_PROXY_HOST) is used. If that is empty as well,
        E(HTTPS_PROXY) and E(NO_PROXY) apply.
    type: str
  proxy_port:
    description:
      - Port of the proxy; needed with O(proxy_host).
      - If it is left out, the environment variable E(VMWARE_PROXY_PORT) is used.
    type: int
  proxy_protocol:
    description: Protocol that the proxy itself is spoken to with.
    type: str
    choices: [http, https]
    default: http
    aliases: [protocol]
  request_timeout:
    description:
      - Seconds to wait for one answer of the vCenter. It does not limit how long a task may take.
    type: int
    default: 60
    aliases: [session_timeout]
  diagnostics:
    description:
      - File to append a trace of requests to, one line of JSON each, with time, method, path, status, duration and
        vCenter's own identifier of the request. It never holds headers, bodies, passwords or sessions.
      - The file is made readable for its owner only. A symbolic link is refused.
      - If it is left out, no trace is written.
    type: path
  in_process:
    description:
      - Whether the task may run without a process of its own, which saves about half a second.
      - This is done with C(connection=local) (or C(delegate_to=localhost)), without C(become), C(async) and C(timeout),
        and where the module would run with the Python of Ansible itself, which needs the library C(requests). In every
        other case the task runs as a module. What the task does and returns is the same.
      - If it is left out, the environment variable E(VSPHERE_LIFECYCLE_IN_PROCESS) is used.
    type: bool
    default: true
attributes:
  action_group:
    description: Takes its connection options from C(group/vsphere.lifecycle.vcenter) in C(module_defaults).
    support: full
    membership:
      - vsphere.lifecycle.vcenter
requirements:
  - requests >= 2.28
notes:
  - The modules talk to the vCenter from where they run, so use C(connection=local) or C(delegate_to=localhost).
  - Set the connection once for all modules with C(module_defaults) and the action group
    C(group/vsphere.lifecycle.vcenter), or through the environment.
"""
