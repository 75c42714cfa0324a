/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.util.Pair;

import io.djlosses.api.Checks;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;

/**
 * An optimizer that uses a separate optimizer for each group of parameters, like PyTorch's
 * per-parameter options. For example, it can apply weight decay to weights but not to biases.
 *
 * <p>A parameter belongs to the first group that matches it, or to the default optimizer if none
 * does. The parameters of a block that is used twice have two names, either of which may match.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Tracker rate = Tracker.fixed(0.01f);
 * Optimizer optimizer = ParameterGroups.builder()
 *         .setBlock(model.getBlock())
 *         .addGroup(Parameter.Type.BIAS, Optimizer.sgd().setLearningRateTracker(rate).build())
 *         .setDefault(Optimizer.sgd().setLearningRateTracker(rate).optWeightDecays(1e-5f).build())
 *         .build();
 * }</pre>
 *
 * <p>Equivalent to {@code torch.optim.SGD([{'params': …, 'weight_decay': …}, …])} and to
 * MindSpore's {@code group_params}. Each group uses the gradient clipping and all other settings of
 * its own optimizer.
 */
public final class ParameterGroups extends Optimizer {

    private final Block block;
    private final List<Group> groups;
    private final Optimizer rest;
    private final Map<String, Optimizer> optimizers = new ConcurrentHashMap<>();

    private ParameterGroups(Block block, List<Group> groups, Optimizer rest) {
        super(new NoOptions());
        this.block = block;
        this.groups = List.copyOf(groups);
        this.rest = rest;
    }

    /** {@inheritDoc} */
    @Override
    public void update(String parameterId, NDArray weight, NDArray grad) {
        optimizers.computeIfAbsent(parameterId, this::find).update(parameterId, weight, grad);
    }

    private Optimizer find(String parameterId) {
        // A block that is used twice has its parameters under two names.
        List<Pair<String, Parameter>> uses =
                block.getParameters().stream()
                        .filter(entry -> entry.getValue().getId().equals(parameterId))
                        .toList();
        if (uses.isEmpty()) {
            throw Checks.message(
                    "ParameterGroups",
                    "the parameter with id %s must belong to the block that was set, but does not",
                    parameterId);
        }
        return groups.stream()
                .filter(
                        group ->
                                uses.stream()
                                        .anyMatch(
                                                use ->
                                                        group.chosen.test(
                                                                use.getKey(), use.getValue())))
                .map(Group::optimizer)
                .findFirst()
                .orElse(rest);
    }

    private record Group(BiPredicate<String, Parameter> chosen, Optimizer optimizer) {}

    /**
     * The options that DJL's base class requires; the optimizers of the groups have the real ones.
     */
    private static final class NoOptions extends OptimizerBuilder<NoOptions> {

        @Override
        protected NoOptions self() {
            return this;
        }
    }

    /**
     * Creates a builder without groups.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct {@link ParameterGroups}. */
    public static final class Builder {

        private @Nullable Block block;
        private @Nullable Optimizer rest;
        private final List<Group> groups = new ArrayList<>();

        Builder() {}

        /**
         * Sets the block to train.
         *
         * @param block the block
         * @return this {@code Builder}
         */
        public Builder setBlock(Block block) {
            this.block = Objects.requireNonNull(block, "block");
            return this;
        }

        /**
         * Sets the optimizer of parameters that belong to no group.
         *
         * @param optimizer the optimizer
         * @return this {@code Builder}
         */
        public Builder setDefault(Optimizer optimizer) {
            rest = optimizer;
            return this;
        }

        /**
         * Adds a group of parameters.
         *
         * @param chosen decides by the name in the block and the parameter whether the parameter
         *     belongs to the group
         * @param optimizer the optimizer of the group
         * @return this {@code Builder}
         */
        public Builder addGroup(BiPredicate<String, Parameter> chosen, Optimizer optimizer) {
            Objects.requireNonNull(chosen, "chosen");
            groups.add(new Group(chosen, Objects.requireNonNull(optimizer, "optimizer")));
            return this;
        }

        /**
         * Adds the group of all parameters of a type.
         *
         * @param type the type
         * @param optimizer the optimizer of the group
         * @return this {@code Builder}
         */
        public Builder addGroup(Parameter.Type type, Optimizer optimizer) {
            return addGroup((name, parameter) -> parameter.getType() == type, optimizer);
        }

        /**
         * Adds the group of all parameters whose name in the block contains a string.
         *
         * @param text the string
         * @param optimizer the optimizer of the group
         * @return this {@code Builder}
         */
        public Builder addGroup(String text, Optimizer optimizer) {
            return addGroup((name, parameter) -> name.contains(text), optimizer);
        }

        /**
         * Builds the optimizer.
         *
         * @return the optimizer
         * @throws IllegalArgumentException if the block or the default has not been set
         */
        public ParameterGroups build() {
            Block trained = block;
            Optimizer others = rest;
            if (trained == null || others == null) {
                String missing = trained == null ? "block" : "default";
                throw Checks.message("ParameterGroups", "%s must be set, but was not", missing);
            }
            return new ParameterGroups(trained, groups, others);
        }
    }
}
