//! Channels: for each a socket, with a method for every action, topic and kind of message.

use std::collections::BTreeMap;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{
    RustClientError,
    client::ClientWriter,
    docs::{carried, doc},
    names::{Scope, ident, pascal_case, snake_case},
    signature::Signature,
    simplify::simplify,
    types::{Position, TypeWriter},
};
use crate::{
    model::{Action, Channel, Function, Model, Output},
    schema::{Tagging, Type, Types, Union, Variant},
};

/// Methods that every socket has; actions of these names get a number.
const OWN_METHODS: &[&str] = &["socket"];

/// What the functions of an application are on its channels.
pub(super) struct Roles<'m> {
    /// Those that are called by an action, with the channel of the first and what it is there.
    pub(super) called: BTreeMap<&'m str, (&'m Channel, &'m Action)>,
    /// Those whose input or output goes over a channel all the same.
    pub(super) heard: Vec<&'m Function>,
}

impl<'m> Roles<'m> {
    pub(super) fn new(model: &'m Model) -> Self {
        let mut called = BTreeMap::new();
        for channel in &model.channels {
            for action in &channel.actions {
                called.entry(action.function.as_str()).or_insert((channel, action));
            }
        }
        let heard = model.functions.iter().filter(|function| {
            let is_it = |name: &Option<String>| name.as_ref() == Some(&function.name);
            model.channels.iter().any(|channel| is_it(&channel.on_connect) || is_it(&channel.on_message))
        });
        Self { called, heard: heard.collect() }
    }
}

/// What the socket of a channel is called: `Events` has an `EventsSocket`.
pub(super) fn socket_name(channel: &Channel) -> String {
    format!("{}Socket", pascal_case(channel.path.rsplit("::").next().unwrap_or(&channel.path)))
}

/// A topic, as every socket has it.
pub(super) struct TopicView {
    name: String,
    docs: String,
    data: TokenStream,
}

/// The topics, each with the type of what is pushed on it.
pub(super) fn topics(
    model: &Model,
    types: &Types,
    writer: &mut TypeWriter<'_>,
) -> Result<Vec<TopicView>, RustClientError> {
    let topics = model.topics.iter().map(|topic| {
        let (pascal, ty) = (pascal_case(&topic.name), simplify(types.output(&topic.data)));
        let position = Position::new(pascal, format!("What is pushed on the topic `{}`.", topic.name));
        let data = writer.ty(&ty, &position)?;
        let mut docs = carried(&topic.docs);
        if !docs.is_empty() {
            docs.push_str("\n\n");
        }
        docs.push_str(&format!("Hears what is pushed on the topic `{}`.", topic.name));
        Ok(TopicView { name: topic.name.clone(), docs, data })
    });
    topics.collect()
}

/// Writes the sockets.
pub(super) struct SocketWriter<'a> {
    pub(super) client: &'a ClientWriter<'a>,
    pub(super) signatures: &'a BTreeMap<&'a str, Signature>,
    pub(super) topics: &'a [TopicView],
}

impl SocketWriter<'_> {
    /// The method of the client that connects to a channel.
    pub(super) fn opening(&self, channel: &Channel, method: &str, socket: &str) -> TokenStream {
        let mut docs = carried(&channel.docs);
        if !docs.is_empty() {
            docs.push_str("\n\n");
        }
        let access = if channel.auth { "whoever signs in" } else { "anyone" };
        docs.push_str(&format!("A socket to the channel at `{}`, for {access}.", channel.route));
        let route = Literal::string(&channel.route);
        let mut connect = quote!(self.http.channel(#route));
        if channel.routing != "action" {
            let routing = Literal::string(&channel.routing);
            connect.extend(quote!(.routing(#routing)));
        }
        let own_ids = channel.actions.iter().filter(|action| action.keeps_id);
        let own_ids: Vec<_> = own_ids.map(|action| Literal::string(&action.action)).collect();
        if !own_ids.is_empty() {
            connect.extend(quote!(.own_ids(&[#(#own_ids),*])));
        }
        let signature = channel.on_connect.as_deref().and_then(|name| self.signatures.get(name));
        let opening = signature.filter(|_| !channel.fields.is_empty()).and_then(|signature| signature.input.as_ref());
        let parameter = opening.map(|ty| quote!(, opening: #ty));
        if parameter.is_some() {
            connect.extend(quote!(.opening(opening)));
        }
        let (docs, method, socket) = (doc(&docs), ident(method), ident(socket));
        quote! {
            #docs
            pub fn #method(&self #parameter) -> runtime::Connect<#socket> {
                #connect
            }
        }
    }

    /// The socket of a channel: a struct and its methods.
    pub(super) fn items(
        &self,
        channel: &Channel,
        opening: &str,
        socket: &str,
        writer: &mut TypeWriter<'_>,
    ) -> Result<Vec<TokenStream>, RustClientError> {
        let mut scope = Scope::default();
        for method in OWN_METHODS {
            scope.take(method);
        }
        let mut methods = Vec::new();
        for action in &channel.actions {
            let method = scope.take(&snake_case(&action.action));
            methods.extend(self.action(action, &method));
        }
        for topic in self.topics {
            let method = ident(&scope.take(&format!("on_{}", snake_case(&topic.name))));
            let TopicView { name, docs, data } = topic;
            let docs = doc(docs);
            methods.push(quote! {
                #docs
                #[must_use]
                pub fn #method(&self) -> runtime::Subscription<#data> {
                    self.socket.topic(#name)
                }
            });
        }
        methods.extend(self.messages(channel, socket, &mut scope, writer)?);
        methods.extend(self.plain(channel, &mut scope, writer));

        let what = match carried(&channel.docs) {
            docs if docs.is_empty() => format!("The channel at `{}`.", channel.route),
            docs => docs,
        };
        let docs = doc(&format!(
            "{what}\n\n{}",
            [
                &format!("A connection to it, from [`{}::{opening}`], and the next one where that is lost. Clones share it, and", self.client.name),
                "with the last of them it ends. An action is awaited for its reply, or `send` without waiting for one, or",
                "`keep` to be sent on each connection to come.",
            ].join("\n")
        ));
        let (socket, from) = (ident(socket), writer.std("From"));
        Ok(vec![
            quote!(#docs #[derive(Debug, Clone)] pub struct #socket { socket: runtime::Socket }),
            quote! {
                impl #from<runtime::Socket> for #socket {
                    fn from(socket: runtime::Socket) -> Self {
                        Self { socket }
                    }
                }
            },
            quote! {
                #[allow(dead_code, reason = "a program calls only the functions that it needs")]
                impl #socket {
                    /// The socket itself, to hear of its state and of errors, and to close it.
                    #[must_use]
                    pub fn socket(&self) -> &runtime::Socket {
                        &self.socket
                    }

                    #(#methods)*
                }
            },
        ])
    }

    fn action(&self, action: &Action, method: &str) -> Option<TokenStream> {
        let function = find(self.client.model, &action.function)?;
        let Signature { input, output, error } = self.signatures.get(function.name.as_str())?;
        let docs = doc(&self.client.documentation(function, &format!("The action `{}`.", action.action)));
        let (method, name) = (ident(method), Literal::string(&action.action));
        let parameter = input.as_ref().map(|ty| quote!(, input: #ty));
        let given = input.as_ref().map(|_| quote!(.input(input)));
        let output = output.clone().unwrap_or_else(|| quote!(()));
        Some(quote! {
            #docs
            pub fn #method(&self #parameter) -> runtime::Call<'_, #output, #error> {
                self.socket.call(#name) #given
            }
        })
    }

    /// What the channel says by itself, as far as that is known: its greeting, and what it answers to plain messages.
    fn messages(
        &self,
        channel: &Channel,
        socket: &str,
        scope: &mut Scope,
        writer: &mut TypeWriter<'_>,
    ) -> Result<Option<TokenStream>, RustClientError> {
        let functions = [&channel.on_connect, &channel.on_message].into_iter().flatten();
        let functions = functions.filter_map(|name| find(self.client.model, name));
        let variants = functions.filter_map(|function| match &function.output {
            Output::Json(schema) => Some(Variant {
                name: function.name.clone(),
                docs: format!("What `{}` has answered.", function.name.trim_start_matches("r#")),
                content: Some(simplify(self.client.types.output(schema))),
            }),
            Output::None | Output::Stream(_) | Output::Raw => None,
        });
        let variants: Vec<_> = variants.collect();
        if variants.is_empty() {
            return Ok(None);
        }
        let method = scope.take("messages");
        let name = format!("{}Message", socket.strip_suffix("Socket").unwrap_or(socket));
        let position = Position::new(name, format!("What [`{socket}::{method}`] hears."));
        let ty = simplify(Type::Union(Union { tagging: Tagging::Untagged, variants }));
        let (ty, method) = (writer.ty(&ty, &position)?, ident(&method));
        Ok(Some(quote! {
            /// Hears what the channel says by itself, such as its greeting.
            #[must_use]
            pub fn #method(&self) -> runtime::Subscription<#ty> {
                self.socket.messages()
            }
        }))
    }

    /// What may be sent without an action: whole messages, and bytes.
    fn plain(&self, channel: &Channel, scope: &mut Scope, writer: &TypeWriter<'_>) -> Vec<TokenStream> {
        let (result, into) = (writer.std("Result"), writer.std("Into"));
        let mut methods = Vec::new();
        if let Some(function) = channel.on_message.as_deref().and_then(|name| find(self.client.model, name))
            && let Some(ty) = self.signatures.get(function.name.as_str()).and_then(|known| known.input.as_ref())
        {
            let of_text = function.input.as_ref().map(|schema| simplify(self.client.types.input(schema)));
            let method = if matches!(of_text, Some(Type::String(_))) {
                // Only text that is taken as it came can be a string: any other message is an object.
                let (method, docs) = (ident(&scope.take("send_text")), plain_docs(function, "text as it is"));
                let string = writer.std("String");
                quote! {
                    #docs
                    pub async fn #method(&self, text: impl #into<#string>) -> #result<(), runtime::Error> {
                        self.socket.send_text(text).await
                    }
                }
            } else {
                let (method, docs) = (ident(&scope.take("send")), plain_docs(function, "a message without an action"));
                quote! {
                    #docs
                    pub async fn #method(&self, message: #ty) -> #result<(), runtime::Error> {
                        self.socket.send(message).await
                    }
                }
            };
            methods.push(method);
        }
        if let Some(function) = channel.on_binary.as_deref().and_then(|name| find(self.client.model, name)) {
            let (method, docs) = (ident(&scope.take("send_binary")), plain_docs(function, "bytes"));
            methods.push(quote! {
                #docs
                pub async fn #method(&self, bytes: impl #into<runtime::Bytes>) -> #result<(), runtime::Error> {
                    self.socket.send_binary(bytes).await
                }
            });
        }
        methods
    }
}

fn plain_docs(function: &Function, what: &str) -> TokenStream {
    let mut docs = carried(&function.docs);
    if !docs.is_empty() {
        docs.push_str("\n\n");
    }
    doc(&format!("{docs}Sends {what}.\n\n# Errors\n\nIf it can't be sent, or wait for a connection."))
}

fn find<'m>(model: &'m Model, name: &str) -> Option<&'m Function> {
    model.functions.iter().find(|function| function.name == name)
}
