"""Users, hosts and addresses of HTCondor's files under pseudonyms that are stable and keep what tells the site."""

import os
import re
from io import BytesIO

import pytest

from gpuledger.model.hashed_names import hashed, hashed_blocks

SALT = b"x" * 32


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("via condor_rm (by user ann.lee)", r"via condor_rm \(by user user-[0-9a-f]{8}\)"),
        ("<54.91.94.240:9618?addrs=54.91.94.240-9618+[2607-f388-2200--12]-9618&alias=ip-172-31-30-54.ec2.internal&sock=x>",
         r"<ip-\w{8}:9618\?addrs=ip-\w{8}-9618\+\[ip-\w{8}\]-9618&alias=host-\w{8}\.ec2\.internal&sock=x>"),
        ("\tSlotName: slot1_1@glidein_2285_883@gpu02", r"\tSlotName: slot1_1@glidein_2285_883@host-\w{8}"),
        ("Error from slot1_9@spark-agpu225.chtc.wisc.edu:", r"Error from slot1_9@host-\w{8}\.chtc\.wisc\.edu:"),
        ('Owner = "ann"', r'Owner = "user-\w{8}"'),
        ('User = "ann@chtc.wisc.edu"', r'User = "user-\w{8}@host-\w{8}\.wisc\.edu"'),
        ('GlobalJobId = "ap40.uw.osg-htc.org#12.0#1700000000"', r'GlobalJobId = "host-\w{8}\.uw\.osg-htc\.org#12\.0#1700000000"'),
        ("failure at access point ap40 while sending files to execution point slot1_1@g1.anvil.rcac.purdue.edu",
         r"failure at access point host-\w{8} while sending files to execution point slot1_1@host-\w{8}\.anvil\.rcac\.purdue\.edu"),
        ("CCBID=10.0.0.1:9618%3faddrs%3d10.0.0.1-9618%26alias%3dap40.uw.osg-htc.org%26noUDP#154&PrivNet=exp-9-58.expanse.sdsc.edu&x",
         r"CCBID=ip-\w{8}:9618%3faddrs%3dip-\w{8}-9618%26alias%3dhost-\w{8}\.uw\.osg-htc\.org%26noUDP#154&PrivNet=host-\w{8}\.expanse\.sdsc\.edu&x"),
        ("Parsing /home/ann/train.dag ...", r"Parsing /home/user-\w{8}/train\.dag \.\.\."),
    ],
)  # fmt: skip
def test_names_are_replaced_and_what_tells_the_site_stays(line: str, expected: str) -> None:
    once = hashed(line.encode(), SALT)
    assert re.fullmatch(expected, once.decode()), once
    assert hashed(once, SALT) == once
    assert hashed(line.encode(), b"y" * 32) != once


@pytest.mark.parametrize(
    "line",
    [
        "005 (12713159.000.000) 2025-11-04 20:29:03.250 Job terminated.",
        "\t   GpusMemory (MB)      :    64909.1                       ",
        '\tGPUs_GPU_0058af55 = [ Id = "GPU-0058af55"; DriverVersion = "575.57.08"; DevicePciBusId = "0000:3C:00.0" ]',
        "\t\tUsr 1 00:47:28, Sys 0 01:04:34  -  Run Remote Usage",
        "JOB run0-train_epoch0 expanse_pretrain.sub",
    ],
)
def test_nothing_else_is_touched(line: str) -> None:
    assert hashed(line.encode(), SALT) == line.encode()


def test_one_host_has_one_name_wherever_it_stands() -> None:
    told = hashed(b"alias=gpu02.example.org slot1@gpu02.example.org", SALT).decode()
    assert len(set(re.findall(r"host-\w{8}", told))) == 1


LOG = b"""\
012 (100.000.000) 2025-09-01 11:00:00 Job was held.
\tError from slot: no space left for user jdoe, asked by owner jdoe.
\tCode 13 Subcode 2
...
004 (101.000.000) 2025-09-01 10:05:00 Job was evicted. Code 13 Subcode 2
\tReason: Error from slot1_1@exp-1-59.expanse.sdsc.edu: quota of (jdoe) is used up
...
000 (102.000.000) 2025-09-01 10:00:00 Job submitted from host: <1.2.3.4:9618?alias=ap40.example.org&sock=s>
    DAG Node: jdoe
...
009 (100.000.000) 2025-09-01 12:00:00 Job was aborted.
\tvia condor_rm (by user jdoe)
...
"""


def test_a_user_that_an_input_names_has_a_pseudonym_in_every_sentence() -> None:
    told = b"".join(hashed_blocks(BytesIO(LOG), SALT))
    assert told.count(b"jdoe") == told.count(b"DAG Node: jdoe") == 1, told
    assert len(re.findall(rb"user-[0-9a-f]{8}", told)) == 4
    assert b"slot1_1@host-" in told
    assert b"".join(hashed_blocks(BytesIO(told), SALT)) == told


def test_a_reason_in_an_ad_is_a_sentence_and_a_pipe_is_read_as_a_file_is() -> None:
    ads = b'Owner = "jdoe"\nArgs = "jdoe"\nHoldReason = "no space left for jdoe"\n'
    whole = b"".join(hashed_blocks(BytesIO(ads), SALT))
    assert whole.count(b"jdoe") == whole.count(b'Args = "jdoe"') == 1
    given, taken = os.pipe()
    os.write(taken, ads)
    os.close(taken)
    with os.fdopen(given, "rb") as pipe:
        assert b"".join(hashed_blocks(pipe, SALT)) == whole


def test_a_word_is_no_name_though_an_account_is_called_so() -> None:
    line = b"\tthe job of root was removed (by user root)"
    assert hashed(line, SALT).startswith(b"\tthe job of root was removed (by user user-")
