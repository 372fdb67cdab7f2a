//! A bus on a Redis Cluster: what is published anywhere is heard everywhere, and each agent's hash is on one server.

use std::time::Duration;

use beatkeeper_core::failure::Failure;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::{ClusterConnection, Connect};
use redis::cluster_routing::{Route, SingleNodeRoutingInfo, SlotAddr};
use redis::{Arg, AsyncConnectionConfig, Cmd, ConnectionInfo, IntoConnectionInfo, Pipeline, RedisFuture, Value};

use super::dial::{self, ANSWER_WITHIN};
use super::server::{Commands, Reached, failure, no_server};

/// How long a dial of one server may take.
const DIAL_WITHIN: Duration = Duration::from_secs(5);

/// Reaches a cluster by those of its servers that are known.
pub(super) async fn reach(servers: Vec<ConnectionInfo>) -> Result<Reached, Failure> {
    let mut ears = Err(no_server());
    for server in &servers {
        ears = dial::ears(server).await;
        if ears.is_ok() {
            break;
        }
    }
    let ears = ears?;
    let client = ClusterClientBuilder::new(servers)
        .connection_timeout(DIAL_WITHIN)
        .response_timeout(ANSWER_WITHIN)
        .build()
        .map_err(|error| failure(&error))?;
    let connection = client.get_async_generic_connection::<Node>().await.map_err(|error| failure(&error))?;
    Ok(Reached { commands: Commands::Cluster(connection), ears })
}

/// Runs a pipeline where its keys are. The library takes the channel of a PUBLISH for a key, and finds that the rest
/// belongs elsewhere.
pub(super) fn ask<'a>(
    cluster: &'a mut ClusterConnection<Node>,
    pipeline: &'a Pipeline,
    offset: usize,
    count: usize,
) -> RedisFuture<'a, Vec<Value>> {
    match key(pipeline) {
        Some(key) => {
            let place = SingleNodeRoutingInfo::SpecificNode(Route::with_key(key, SlotAddr::Master));
            Box::pin(cluster.route_pipeline(pipeline.clone(), offset, count, place))
        }
        None => cluster.req_packed_commands(pipeline, offset, count),
    }
}

/// The first key of a pipeline: what follows the first command that is no PUBLISH, or a script and the number of its keys.
fn key(pipeline: &Pipeline) -> Option<Vec<u8>> {
    pipeline.cmd_iter().find_map(|command| {
        let mut words =
            command.args_iter().map(|word| if let Arg::Simple(word) = word { word.to_vec() } else { Vec::new() });
        match words.next()?.as_slice() {
            b"PUBLISH" => None,
            b"EVAL" => words.nth(2),
            _ => words.next(),
        }
    })
}

/// One server of a cluster, dialled as all are.
#[derive(Clone)]
pub(super) struct Node(MultiplexedConnection);

impl Connect for Node {
    fn connect_with_config<'a, T>(info: T, config: AsyncConnectionConfig) -> RedisFuture<'a, Self>
    where
        T: IntoConnectionInfo + Send + 'a,
    {
        Box::pin(async move {
            let server = info.into_connection_info()?;
            let dialled = tokio::time::timeout(DIAL_WITHIN, dial::commands_with(&server, config)).await;
            let failed = |detail: String| std::io::Error::new(std::io::ErrorKind::NotConnected, detail);
            match dialled {
                Ok(connection) => connection.map(Node).map_err(|failure| failed(failure.to_string()).into()),
                Err(_) => Err(failed("no answer to the dial in time".to_owned()).into()),
            }
        })
    }
}

impl ConnectionLike for Node {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        self.0.req_packed_command(command)
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.0.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.0.get_db()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_goes_where_its_hash_is() {
        let mut beat = redis::pipe();
        beat.cmd("PUBLISH").arg("heartbeats").arg("{}");
        assert_eq!(key(&beat), None);
        beat.cmd("HSET").arg("agent:a").arg("status").arg("healthy");
        beat.cmd("EXPIRE").arg("agent:a").arg(120);
        assert_eq!(key(&beat).as_deref(), Some(&b"agent:a"[..]));
        let mut fenced = redis::pipe();
        fenced.cmd("EVAL").arg("return 1").arg(1).arg("agent:a").arg(7);
        assert_eq!(key(&fenced).as_deref(), Some(&b"agent:a"[..]));
    }
}
