"""Answers of a Plex server, written for these tests after the shapes that real servers send."""

TRACK = """<Track ratingKey="4711" key="/library/metadata/4711" guid="plex://track/5d07cdb4" sessionKey="12"
 librarySectionID="3" type="track" title="Blue in Green" grandparentTitle="Miles Davis"
 parentTitle="Kind of Blue" duration="337000" viewOffset="61500">
<Media id="1" duration="337000" audioCodec="flac"><Part id="1" key="/library/parts/1/f.flac">
<Stream id="1" streamType="2" selected="1" codec="flac" gain="-5.81" albumGain="-6.10" peak="0.97" albumPeak="1.0"
 loudness="-12.2" lra="7.5"/></Part></Media>
<User id="1" title="alice"/>
<Player address="192.0.2.20" device="Linux" machineIdentifier="living-1" platform="Linux" product="Plexamp"
 state="playing" title="Living Room" local="1" userID="1"/>
<Session id="s12" bandwidth="900" location="lan"/>
</Track>"""

MOVIE = """<Video ratingKey="815" key="/library/metadata/815" guid="plex://movie/1" sessionKey="13" type="movie"
 title="Stalker" originalTitle="Сталкер" duration="9780000" viewOffset="10">
<Media selected="1" duration="9780000"><Part selected="1">
<Stream streamType="1" codec="h264"/><Stream streamType="2" selected="1" codec="dca"/></Part></Media>
<User id="2" title="bob"/>
<Player address="192.0.2.21" machineIdentifier="tv-1" platform="Android" product="Plex for Android (TV)"
 state="paused" title="TV" local="0"/>
</Video>"""


def container(*entries: str, size: str | None = None) -> bytes:
    """Make a body of entries; `size` counts them unless another is given."""
    announced = str(len(entries)) if size is None else size
    attribute = f' size="{announced}"' if announced else ""
    return f"<MediaContainer{attribute}>\n{''.join(entries)}\n</MediaContainer>\n".encode()


CLIENTS = b"""<?xml version="1.0" encoding="UTF-8"?>
<MediaContainer size="2">
<Server name="Living Room" host="192.0.2.20" address="192.0.2.20" port="32500" machineIdentifier="living-1"
 version="4.9" protocol="plex" product="Plexamp" deviceClass="pc" protocolVersion="1"
 protocolCapabilities="timeline,playback,playqueues, playqueues-creation"/>
<Server name="TV" host="192.0.2.21" port="none" machineIdentifier="tv-1" product="Plex HTPC"/>
</MediaContainer>"""

TIMELINES = b"""<MediaContainer commandID="7" location="fullScreenMusic">
<Timeline type="music" state="playing" time="62105" duration="337000" ratingKey="4711" volume="80.5"
 controllable="playPause,stop,seekTo"/>
<Timeline type="video" state="stopped" volume="0"/><Timeline type="photo" state="stopped"/></MediaContainer>"""
