"""Gradients are told apart by where they are and how often they were written to."""

from __future__ import annotations

import gc
import weakref

import torch
from torch import nn

from dlmagic.frameworks.torch.gradient_states import GradientStates


def made():
    layer = nn.Linear(2, 1)
    states = GradientStates()
    for parameter in layer.parameters():
        states.meet(parameter)
    return layer, list(layer.parameters()), states


def backward(layer):
    layer(torch.ones(3, 2)).sum().backward()


def test_a_step_knows_gradients_that_came_grew_stayed_and_went():
    layer, parameters, states = made()
    backward(layer)
    first = states.step(1, parameters)
    assert (first.with_gradient, first.fresh, first.uncleared) == (2, 2, 0)
    backward(layer)
    grown = states.step(1, parameters)
    assert (grown.fresh, grown.uncleared) == (2, 2)
    stayed = states.step(1, parameters)
    assert (stayed.fresh, stayed.uncleared) == (0, 2)
    layer.zero_grad()
    gone = states.step(1, parameters)
    assert (gone.with_gradient, gone.fresh, gone.uncleared) == (0, 0, 0)


def test_gradients_that_were_there_before_are_not_fresh():
    layer = nn.Linear(2, 1)
    backward(layer)
    states = GradientStates()
    for parameter in layer.parameters():
        states.meet(parameter)
    assert states.step(1, list(layer.parameters())).fresh == 0
    assert states.reached() == frozenset()


def test_what_gradients_have_reached_is_told_once():
    layer, parameters, states = made()
    backward(layer)
    assert states.reached() == set(map(id, parameters))
    assert states.reached() == frozenset()
    backward(layer)
    assert states.reached() == set(map(id, parameters))


def test_frozen_parameters_are_counted_apart():
    layer, parameters, states = made()
    layer.bias.requires_grad_(False)
    step = states.step(1, parameters)
    assert (step.parameters, step.trainable) == (2, 1)


def test_no_tensor_is_kept_alive():
    layer, parameters, states = made()
    backward(layer)
    states.step(1, parameters)
    seen = [weakref.ref(layer.weight), weakref.ref(layer.weight.grad)]
    del layer, parameters
    gc.collect()
    assert [each() for each in seen] == [None, None]
    assert states.reached() == frozenset()


def test_a_view_whose_graph_pytorch_does_not_tell_is_passed_by():
    weight = nn.Linear(2, 1).weight
    with torch.no_grad():
        row = weight[0]
        row.fill_(0)
    states = GradientStates()
    states.meet(row)
    assert states.reached() == frozenset()


def test_gradients_that_came_are_known_though_they_are_gone():
    layer, parameters, states = made()
    backward(layer)
    states.note_what_came()
    layer.zero_grad()
    step = states.step(1, parameters)
    assert (step.came, step.with_gradient, step.fresh) == (2, 0, 0)
    assert states.step(1, parameters).came == 0
