//! An independent netcode 1.02 (the crate `renetcode`) as a program, so that ours can be tried
//! against it: `netcode-peer client` takes a connect token in hex from its first line of input;
//! `netcode-peer server KEY PROTOCOL` listens on a free port, which is its first line of output.
//! Both send back or count payloads and print what happened, a line each.

use std::io::{self, BufRead, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use renetcode::{
    ClientAuthentication, ConnectToken, NetcodeClient, NetcodeServer, ServerAuthentication,
    ServerConfig, ServerResult,
};

const STEP: Duration = Duration::from_millis(5);
const LIFE: Duration = Duration::from_secs(20);
/// Payloads that the client sends; it goes when all have come back.
const PAYLOADS: usize = 50;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    match words.get(1).map(String::as_str) {
        Some("client") => client(),
        Some("server") => server(&hex(&words[2]), words[3].parse().expect("a number")),
        _ => panic!("netcode-peer client | server KEY PROTOCOL"),
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(digit).collect()
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock")
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_nonblocking(true).expect("no waiting");
    socket
}

fn receive<'a>(socket: &UdpSocket, into: &'a mut [u8]) -> Option<(&'a mut [u8], SocketAddr)> {
    match socket.recv_from(into) {
        Ok((bytes, from)) => Some((&mut into[..bytes], from)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => None,
        Err(error) => panic!("{error}"),
    }
}

fn client() {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).expect("a token");
    // In the form that the crate reads, a client id, which goes nowhere, stands before the token.
    let bytes = [vec![0; 8], hex(line.trim())].concat();
    let token = ConnectToken::read(&mut bytes.as_slice()).expect("a token");
    let authentication = ClientAuthentication::Secure { connect_token: token };
    let mut client = NetcodeClient::new(now(), authentication).expect("a client");
    let socket = socket();
    let (mut sent, mut back, mut wrong) = (0, 0, 0);
    let started = Instant::now();
    let mut buffer = [0; 2048];
    while started.elapsed() < LIFE && !client.is_disconnected() && back < PAYLOADS {
        while let Some((bytes, _)) = receive(&socket, &mut buffer) {
            if let Some(payload) = client.process_packet(bytes) {
                back += 1;
                wrong += usize::from(!payload.iter().all(|byte| *byte == payload[0]));
            }
        }
        if client.is_connected() && sent < PAYLOADS {
            sent += 1;
            let payload = vec![sent as u8; sent * 22];
            let (to, packet) = client.generate_payload_packet(&payload).expect("a packet");
            socket.send_to(packet, to).expect("sent");
        }
        if let Some((packet, to)) = client.update(STEP) {
            socket.send_to(packet, to).expect("sent");
        }
        sleep(STEP);
    }
    println!("client connected={} sent={sent} back={back} wrong={wrong}", client.is_connected());
    println!("client reason={:?}", client.disconnect_reason());
    if let Ok((to, packet)) = client.disconnect() {
        socket.send_to(packet, to).expect("sent");
    }
}

fn server(key: &[u8], protocol_id: u64) {
    let socket = socket();
    let address = socket.local_addr().expect("an address");
    println!("{address}");
    let mut server = NetcodeServer::new(ServerConfig {
        current_time: now(),
        max_clients: 4,
        protocol_id,
        public_addresses: vec![address],
        authentication: ServerAuthentication::Secure {
            private_key: key.try_into().expect("32 bytes"),
        },
    });
    let started = Instant::now();
    let mut buffer = [0; 2048];
    let mut gone = false;
    while started.elapsed() < LIFE && !gone {
        while let Some((bytes, from)) = receive(&socket, &mut buffer) {
            let mut echo = None;
            match server.process_packet(from, bytes) {
                ServerResult::PacketToSend { addr, payload } => {
                    socket.send_to(payload, addr).expect("sent");
                }
                ServerResult::ClientConnected { client_id, addr, payload, .. } => {
                    println!("server connected={client_id:016x}");
                    socket.send_to(payload, addr).expect("sent");
                }
                ServerResult::Payload { client_id, payload } => {
                    echo = Some((client_id, payload.to_vec()));
                }
                ServerResult::ClientDisconnected { .. } => gone = true,
                ServerResult::None => {}
            }
            if let Some((client, payload)) = echo {
                let (to, packet) = server.generate_payload_packet(client, &payload).expect("echo");
                socket.send_to(packet, to).expect("sent");
            }
        }
        server.update(STEP);
        for client in server.clients_id() {
            match server.update_client(client) {
                ServerResult::PacketToSend { addr, payload } => {
                    socket.send_to(payload, addr).expect("sent");
                }
                ServerResult::ClientDisconnected { .. } => gone = true,
                _ => {}
            }
        }
        sleep(STEP);
    }
    println!("server gone={gone}");
}
