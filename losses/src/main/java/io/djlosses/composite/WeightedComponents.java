/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.composite;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.AbstractCompositeLoss;
import ai.djl.training.loss.Loss;
import ai.djl.util.Pair;

import io.djlosses.nd.Nd;

import java.util.List;

/**
 * Σ wᵢ · lossᵢ, for the value, its gradient and the accumulators alike.
 *
 * <p>Every component accumulates under a key of its own, so one loss object may serve as several
 * components, or in several composites.
 */
abstract class WeightedComponents extends AbstractCompositeLoss {

    private final double[] weights;

    WeightedComponents(String name, List<Loss> losses, double[] weights) {
        super(name);
        components = List.copyOf(losses);
        this.weights = weights;
    }

    /** Checks the lists before any component sees its part. */
    abstract void check(NDList labels, NDList predictions);

    /** {@inheritDoc} */
    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        check(labels, predictions);
        return Nd.scoped(
                () -> {
                    NDArray sum = term(0, labels, predictions);
                    for (int i = 1; i < weights.length; i++) {
                        sum = sum.add(term(i, labels, predictions));
                    }
                    return sum;
                });
    }

    private NDArray term(int i, NDList labels, NDList predictions) {
        Pair<NDList, NDList> inputs = inputForComponent(i, labels, predictions);
        NDArray value = components.get(i).evaluate(inputs.getKey(), inputs.getValue());
        return weights[i] == 1 ? value : Nd.mul(value, weights[i]);
    }

    /** {@inheritDoc} */
    @Override
    public void addAccumulator(String key) {
        for (int i = 0; i < weights.length; i++) {
            components.get(i).addAccumulator(key(key, i));
        }
    }

    /** {@inheritDoc} */
    @Override
    public void updateAccumulators(String[] keys, NDList labels, NDList predictions) {
        check(labels, predictions);
        for (int i = 0; i < weights.length; i++) {
            Pair<NDList, NDList> inputs = inputForComponent(i, labels, predictions);
            String[] own = new String[keys.length];
            for (int k = 0; k < own.length; k++) {
                own[k] = key(keys[k], i);
            }
            components.get(i).updateAccumulators(own, inputs.getKey(), inputs.getValue());
        }
    }

    /** {@inheritDoc} */
    @Override
    public void updateAccumulator(String key, NDList labels, NDList predictions) {
        updateAccumulators(new String[] {key}, labels, predictions);
    }

    /** {@inheritDoc} */
    @Override
    public void resetAccumulator(String key) {
        for (int i = 0; i < weights.length; i++) {
            components.get(i).resetAccumulator(key(key, i));
        }
    }

    /** {@inheritDoc} */
    @Override
    public float getAccumulator(String key) {
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            sum += weights[i] * getComponentAccumulator(key, i);
        }
        return (float) sum;
    }

    /**
     * Returns what one component has accumulated, without its weight.
     *
     * @param key the accumulator
     * @param component the index of the component
     * @return its value
     */
    public float getComponentAccumulator(String key, int component) {
        return components.get(component).getAccumulator(key(key, component));
    }

    private String key(String key, int component) {
        return key + "/" + getName() + "/" + component;
    }
}
