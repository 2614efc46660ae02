"""Writes the fixtures beside this file with TensorFlow (made with 2.21): graphs in every spelling, and files that
are no graphs.

    python make_fixtures.py
"""

import os
import shutil
import struct
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2, tensor_pb2, types_pb2
from tensorflow.core.protobuf import saved_model_pb2

v1 = tf.compat.v1
HERE = os.path.dirname(os.path.abspath(__file__))


def write(name, data):
  with open(os.path.join(HERE, name), "wb") as file:
    file.write(data)
  print(name, len(data))


def float_bits(value):
  return "%08x" % struct.unpack("<I", struct.pack("<f", value))[0]


def double_bits(value):
  return "%016x" % struct.unpack("<Q", struct.pack("<d", value))[0]


def shape_text(shape):
  if shape.unknown_rank:
    return "[unknown rank]"
  return "[" + ", ".join("?" if d.size < 0 else str(d.size) for d in shape.dim) + "]"


def tensor_text(tensor):
  """Type, shape and all elements, as TensorFlow itself reads them."""
  name = types_pb2.DataType.Name(tensor.dtype)
  array = tf.make_ndarray(tensor).reshape(-1)
  if tensor.dtype in (types_pb2.DT_FLOAT, types_pb2.DT_HALF, types_pb2.DT_BFLOAT16):
    elements = [float_bits(float(x)) for x in array]
  elif tensor.dtype == types_pb2.DT_DOUBLE:
    elements = [double_bits(x) for x in array]
  elif tensor.dtype == types_pb2.DT_STRING:
    elements = [x.hex() for x in array]
  else:
    elements = [str(int(x)) for x in array]
  return "%s %s {%s}" % (name, shape_text(tensor.tensor_shape), " ".join(elements))


def function_text(function):
  attributes = ["%s=%s" % (k, value_text(function.attr[k])) for k in sorted(function.attr)]
  return "%s(%s)" % (function.name, " ".join(attributes))


def scalar_text(kind, value):
  if kind == "s":
    return value.hex()
  if kind == "f":
    return float_bits(value)
  if kind == "b":
    return "true" if value else "false"
  if kind == "type":
    return types_pb2.DataType.Name(value % 100)
  if kind == "shape":
    return shape_text(value)
  if kind == "tensor":
    return tensor_text(value)
  if kind == "func":
    return function_text(value)
  return str(value)


def value_text(value):
  kind = value.WhichOneof("value")
  if kind is None:
    return "none"
  if kind != "list":
    return kind + ":" + scalar_text(kind, getattr(value, kind))
  for field, values in value.list.ListFields():
    return "list:" + field.name + ":" + ",".join(scalar_text(field.name, x) for x in values)
  return "list:"


def node_text(node, indent=""):
  lines = [indent + "%s %s" % (node.op, node.name)]
  lines += [indent + "  < " + name for name in node.input]
  if node.device:
    lines.append(indent + "  @ " + node.device)
  lines += [indent + "  %s = %s" % (k, value_text(node.attr[k])) for k in sorted(node.attr)]
  return lines


def argument_text(argument):
  type_name = types_pb2.DataType.Name(argument.type)
  return " ".join([argument.name, type_name, argument.type_attr, argument.number_attr, argument.type_list_attr]).rstrip()


def graph_text(graph):
  lines = ["producer %d, consumer %d" % (graph.versions.producer, graph.versions.min_consumer)]
  for node in graph.node:
    lines += node_text(node)
  for function in sorted(graph.library.function, key=lambda f: f.signature.name):
    lines.append("function " + function.signature.name)
    lines += ["  in " + argument_text(x) for x in function.signature.input_arg]
    lines += ["  out " + argument_text(x) for x in function.signature.output_arg]
    lines += ["  %s = %s" % (k, value_text(function.attr[k])) for k in sorted(function.attr)]
    for node in function.node_def:
      lines += node_text(node, "  ")
    lines += ["  return %s = %s" % (k, function.ret[k]) for k in sorted(function.ret)]
    lines += ["  control %s = %s" % (k, function.control_ret[k]) for k in sorted(function.control_ret)]
  return "\n".join(lines) + "\n"


def write_graph(name, graph):
  write(name + ".pb", graph.SerializeToString(deterministic=True))
  write(name + ".txt", graph_text(graph).encode())


def tensors():
  """A graph of constants: every type in content and in its list; short lists and none."""
  graph = graph_pb2.GraphDef()
  graph.versions.producer = 134
  graph.versions.min_consumer = 12

  def constant(name, tensor):
    node = graph.node.add(name=name, op="Const")
    node.attr["dtype"].type = tensor.dtype
    node.attr["value"].tensor.CopyFrom(tensor)

  arrays = {
    "float": np.array([[1.5, -0.0, np.inf], [np.nan, 1e-45, -3.0]], np.float32),
    "double": np.array([1.5, -0.0, np.inf, 5e-324]),
    "half": np.array([1.5, -0.0, 6e-8, 65504, -np.inf, 6.1e-5], np.float16),
    "bfloat16": tf.constant([1.5, -0.0, 1e-40, 3e38], tf.bfloat16).numpy(),
    "int8": np.array([-128, 0, 127], np.int8),
    "uint8": np.array([0, 128, 255], np.uint8),
    "int16": np.array([-32768, 32767], np.int16),
    "uint16": np.array([0, 65535], np.uint16),
    "int32": np.array([-2147483648, -1, 2147483647], np.int32),
    "uint32": np.array([0, 4294967295], np.uint32),
    "int64": np.array([-9223372036854775808, -1, 9223372036854775807], np.int64),
    "uint64": np.array([0, 9223372036854775807], np.uint64),
    "bool": np.array([[True], [False]], np.bool_),
    "string": np.array([b"", b"text", b"\xff\x00"], object),
  }
  for name, array in arrays.items():
    tensor = tf.make_tensor_proto(array)
    constant(name + "/made", tensor)
    field = {"float": "float_val", "double": "double_val", "half": "half_val", "bfloat16": "half_val",
             "int64": "int64_val", "uint32": "uint32_val", "uint64": "uint64_val", "bool": "bool_val",
             "string": "string_val"}.get(name, "int_val")
    values = array.reshape(-1)
    if field == "half_val":
      values = values.view(np.uint16)
    values = [x if name == "string" else x.item() for x in values]
    spelt = tensor_pb2.TensorProto(dtype=tensor.dtype, tensor_shape=tensor.tensor_shape)
    getattr(spelt, field).extend(values)
    constant(name + "/list", spelt)
    if name != "string":
      short = tensor_pb2.TensorProto(dtype=tensor.dtype)
      short.tensor_shape.dim.add(size=2)
      short.tensor_shape.dim.add(size=4)
      getattr(short, field).extend(values[:2])
      constant(name + "/short", short)
    empty = tensor_pb2.TensorProto(dtype=tensor.dtype)
    empty.tensor_shape.dim.add(size=0)
    constant(name + "/none", empty)
  return graph


def functions():
  """A graph with branches and loops in a library of functions."""
  graph = v1.Graph()
  with graph.as_default():
    x = v1.placeholder(tf.float32, [None, 2], "x")
    v1.enable_control_flow_v2()
    y = tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2.0, lambda: -x)
    i = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y + 1.0), [0, y])
    tf.identity(i[1], "result")
  return graph.as_graph_def()


def network(variable_v2):
  """A small network with its variables and its backward graph."""
  graph = v1.Graph()
  with graph.as_default():
    v1.set_random_seed(7)
    if variable_v2:
      v1.disable_resource_variables()
    else:
      v1.enable_resource_variables()
    x = v1.placeholder(tf.float32, [8, 3], "x")
    y = v1.placeholder(tf.float32, [8, 1], "y")
    with v1.device("/device:CPU:0"):
      w = v1.get_variable("w", [3, 2], initializer=v1.truncated_normal_initializer(stddev=0.1))
      b = v1.get_variable("b", [1, 2], initializer=v1.zeros_initializer())
    logits = tf.identity(tf.matmul(x, w) + b, name="logits")
    labels = tf.one_hot(tf.squeeze(tf.cast(y, tf.int64), 1), 2)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, logits), name="loss")
    v1.train.GradientDescentOptimizer(0.05).minimize(loss, name="train_step")
  return graph


def others():
  graph = network(True)
  write("network.pbtxt", str(graph.as_graph_def()).encode()[:2000])
  with tempfile.TemporaryDirectory() as folder:
    with v1.Session(graph=graph) as session, graph.as_default():
      session.run(v1.global_variables_initializer())
      saver = v1.train.Saver()
      meta = saver.export_meta_graph()
      shrink(meta)
      write("meta_graph.meta", meta.SerializeToString(deterministic=True))
      saver.save(session, os.path.join(folder, "model.ckpt"), write_meta_graph=False)
      shutil.copy(os.path.join(folder, "model.ckpt.index"), os.path.join(HERE, "model.ckpt.index"))
      saved = tf.compat.v1.saved_model.Builder(os.path.join(folder, "saved"))
      saved.add_meta_graph_and_variables(session, ["serve"])
      saved.save()
    with open(os.path.join(folder, "saved", "saved_model.pb"), "rb") as file:
      saved = saved_model_pb2.SavedModel.FromString(file.read())
    for meta in saved.meta_graphs:
      shrink(meta)
    write("saved_model.pb", saved.SerializeToString(deterministic=True))


def shrink(meta):
  """Leaves enough to tell what kind of file it is."""
  meta.ClearField("collection_def")
  meta.meta_info_def.ClearField("stripped_op_list")
  del meta.graph_def.node[4:]


if __name__ == "__main__":
  write_graph("tensors", tensors())
  write_graph("functions", functions())
  write_graph("network", network(True).as_graph_def())
  write_graph("resource_network", network(False).as_graph_def())
  others()
